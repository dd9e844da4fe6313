"""read: from a file's name to its bytes in memory, once their memory is reserved."""

from __future__ import annotations

from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.change_detection import serves
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToLookUp,
    ToRead,
    failed,
    skipped,
    unchanged,
)
from utils.problems import Rejected


async def read(
    job: JobContext, candidates: Receive[ToRead], out: Send[ToLookUp], results: Send[Result]
) -> None:
    """Opens, sniffs, waits for memory, reads and hashes: one file at a time for each worker."""
    async with candidates, out, results:
        async for candidate in candidates:
            end = await _load(job, candidate)
            if isinstance(end, ToLookUp):
                await out.send(end)
            else:
                job.crash_suspects.decoded(candidate.point_id)
                await results.send(end)
                job.crash_suspects.leave(candidate.point_id)


async def _load(job: JobContext, candidate: ToRead) -> ToLookUp | Result:
    with job.progress.busy("read"):
        opened = await job.until_stored(partial(job.ports.library.open, candidate.file))
    if isinstance(opened, Rejected):
        return failed(candidate, opened)
    if isinstance(opened, Skipped):
        return skipped(candidate, opened.detail)
    try:
        lease = await job.memory.reserve(opened.need_bytes)
        with job.progress.busy("read"):
            content = await job.until_stored(opened.read)
    finally:
        await opened.close()
    if isinstance(content, Rejected):
        lease.release()
        return failed(candidate, content)
    job.progress.read(content.file.stat.size_bytes)
    loaded = ToLookUp(candidate=candidate, content=content, lease=lease)
    return unchanged(loaded.without_bytes()) if _is_same(job, loaded) else loaded


def _is_same(job: JobContext, loaded: ToLookUp) -> bool:
    """Opened only because its times could not be trusted, and found to be what is stored."""
    record = loaded.candidate.record
    if job.request.force or record is None or record.stale or record.stat is None:
        return False
    return (
        record.sha256 == loaded.content.sha256
        and serves(record.stored_fingerprint, job.wanted_fingerprint)
        and record.stat.mtime_ns == loaded.content.file.stat.mtime_ns
        and record.stat.sidecar_mark == loaded.content.file.stat.sidecar_mark
    )
