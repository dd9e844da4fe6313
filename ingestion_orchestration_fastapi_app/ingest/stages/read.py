"""read: from a file's name to its bytes in memory, once their memory is reserved."""

from __future__ import annotations

from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.change_detection import has_all
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
    read_file = await job.read_control.judged(to_read.file, partial(_tried, job, to_read))
    if isinstance(read_file, Rejected):
        return failed(to_read, read_file)
    if isinstance(read_file, Skipped):
        return skipped(to_read, read_file.detail)
    job.read_control.note_good(to_read.file)
    job.progress.read(read_file.content.file.stat.size_bytes)
    return unchanged(read_file.without_bytes()) if _is_same(job, read_file) else read_file


async def _tried(job: JobContext, to_read: ToRead) -> ReadFile | Rejected | Skipped:
    with job.progress.busy("read"):
        opened = await job.until_stored(partial(job.ports.library.open, to_read.file))
    if isinstance(opened, Rejected | Skipped):
        return opened
    try:
        lease = await job.memory.reserve(opened.need_bytes(min_side_px=job.min_side_px))
        with job.progress.busy("read"):
            content = await job.until_stored(opened.read)
    finally:
        await opened.close()
    if isinstance(content, Rejected):
        lease.release()
        return content
    return ReadFile(to_read.point_id, to_read.record, content, lease)


def _is_same(job: JobContext, file: ReadFile) -> bool:
    """Opened only because its times could not be trusted, and found to be what is stored."""
    record = file.record
    if job.options.force or record is None or record.stat is None:
        return False
    return (
        record.sha256 == file.content.sha256
        and has_all(record, job.wanted, job.readers)
        and record.stat.mtime_ns == file.content.file.stat.mtime_ns
        and record.stat.sidecar_mark == file.content.file.stat.sidecar_mark
    )
