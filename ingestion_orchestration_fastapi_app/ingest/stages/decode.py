"""decode: from bytes to an upload; one decode a file."""

from __future__ import annotations

from dataclasses import replace

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Prepared, Upload
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.deduplicator import LOST
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToDecode,
    ToEmbed,
    failed_after_read,
)
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import cached
from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

RETRY_DECODERS_S = 5.0


async def prepare(
    job: JobContext, files: Receive[ToDecode], out: Send[ToEmbed], results: Send[Result]
) -> None:
    """CrashSuspects one file at a time for each worker."""
    async with files, out, results:
        async for wanted in files:
            turn: ToDecode | None = wanted
            while turn is not None:
                turn = await _prepare(job, turn, out, results)
            job.crash_suspects.leave(wanted.loaded.candidate.point_id)


async def _prepare(
    job: JobContext, wanted: ToDecode, out: Send[ToEmbed], results: Send[Result]
) -> ToDecode | None:
    """Returns the copy that takes the place of a file that was lost meanwhile."""
    content = wanted.loaded.content
    prepared = await _decoded(job, content)
    job.crash_suspects.decoded(wanted.loaded.candidate.point_id)
    if isinstance(prepared, Rejected) and prepared.code in LOST:
        successor = job.deduplicator.promote(content.sha256)
        await results.send(failed_after_read(wanted.loaded.without_bytes(), prepared))
        return None if successor is None else replace(wanted, loaded=successor)
    if isinstance(prepared, Rejected):
        end = failed_after_read(wanted.loaded.without_bytes(), prepared)
        await results.send(replace(end, claim=content.sha256))
    elif wanted.vector is not None and isinstance(prepared.upload, Upload):
        # Of an original only the service can make the picture, which takes as long as a vector.
        loaded = wanted.loaded.without_bytes()
        end = cached(job, loaded, prepared.picture, wanted.vector, caption=wanted.caption)
        await results.send(replace(end, claim=content.sha256, is_new_picture=True))
    else:
        loaded = wanted.loaded.without_bytes(held_bytes=prepared.upload.held_bytes)
        await out.send(ToEmbed(loaded=loaded, picture=prepared.picture, upload=prepared.upload))
    return None


async def _decoded(job: JobContext, content: Content) -> Prepared | Rejected:
    """Waits for as long as the machine can start no decoder: that is no file's fault."""
    while True:
        with job.progress.busy("decode"):
            try:
                return await job.ports.preparation.prepare(
                    content, job.capabilities.upload.clip, whole_side_px=job.whole_side_px
                )
            except DecodersDownError as exc:
                reason = str(exc)
        with job.progress.blocked(ErrorCode.INTERNAL, reason):
            await sleep(RETRY_DECODERS_S)
