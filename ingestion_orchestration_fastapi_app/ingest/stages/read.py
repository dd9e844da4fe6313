"""read: from a file's name to its bytes in memory, once their memory is reserved."""

from __future__ import annotations

from functools import partial

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    ReadFile,
    Receive,
    Result,
    Send,
    ToRead,
    failed,
    skipped,
    unchanged,
)
from ingestion_orchestration_fastapi_app.ingest.lookups.reading import is_unchanged, read_file
from utils.problems import Rejected


async def read(
    job: JobContext, files: Receive[ToRead], out: Send[ReadFile], results: Send[Result]
) -> None:
    """Opens, sniffs, waits for memory, reads and hashes: one file at a time for each worker."""
    async with files, out, results:
        async for file in files:
            result = await _read(job, file)
            if isinstance(result, ReadFile):
                await out.send(result)
            else:
                job.crash_suspects.decoded(file.point_id)
                await results.send(result)
                job.crash_suspects.release(file.point_id)


async def _read(job: JobContext, to_read: ToRead) -> ReadFile | Result:
    tried = await job.read_control.judged(to_read.file, partial(read_file, job, to_read))
    if isinstance(tried, Rejected):
        return failed(to_read, tried)
    if isinstance(tried, Skipped):
        return skipped(to_read, tried.detail)
    job.read_control.note_good(to_read.file)
    job.progress.read(tried.content.file.stat.size_bytes)
    return unchanged(tried.without_bytes()) if is_unchanged(job, tried) else tried
