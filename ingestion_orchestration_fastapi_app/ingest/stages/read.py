"""read: from a file's name to its bytes in memory, once their memory is reserved."""

from __future__ import annotations

from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.change_detection import serves
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Candidate,
    Finished,
    Loaded,
    Receive,
    Send,
    failed,
    skipped,
    unchanged,
)
from utils.problems import Rejected


async def read(
    job: JobContext, candidates: Receive[Candidate], out: Send[Loaded], ends: Send[Finished]
) -> None:
    """Opens, sniffs, waits for memory, reads and hashes: one file at a time for each worker."""
    async with candidates, out, ends:
        async for candidate in candidates:
            end = await _load(job, candidate)
            if isinstance(end, Loaded):
                await out.send(end)
            else:
                job.decodes.survive(candidate.point_id)
                await ends.send(end)
                job.decodes.leave(candidate.point_id)


async def _load(job: JobContext, candidate: Candidate) -> Loaded | Finished:
    with job.tally.busy("read"):
        opened = await job.until_stored(partial(job.ports.library.open, candidate.file))
    if isinstance(opened, Rejected):
        return failed(candidate, opened)
    if isinstance(opened, Skipped):
        return skipped(candidate, opened.detail)
    try:
        lease = await job.memory.reserve(opened.need_bytes)
        with job.tally.busy("read"):
            content = await job.until_stored(opened.read)
    finally:
        await opened.close()
    if isinstance(content, Rejected):
        lease.release()
        return failed(candidate, content)
    job.tally.read(content.file.stat.size_bytes)
    loaded = Loaded(candidate=candidate, content=content, lease=lease)
    return unchanged(loaded.emptied()) if _is_same(job, loaded) else loaded


def _is_same(job: JobContext, loaded: Loaded) -> bool:
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
