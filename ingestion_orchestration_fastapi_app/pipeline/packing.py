"""From bytes to batches: one decode a file, then groups that one request carries."""

from __future__ import annotations

from dataclasses import replace

from anyio import EndOfStream, WouldBlock, current_time, move_on_at, sleep

from ingestion_orchestration_fastapi_app.core.batching import PART_OVERHEAD_BYTES
from ingestion_orchestration_fastapi_app.core.uploads import Content, Prepared, Upload
from ingestion_orchestration_fastapi_app.pipeline.context import JobContext
from ingestion_orchestration_fastapi_app.pipeline.in_flight import LOST
from ingestion_orchestration_fastapi_app.pipeline.items import (
    Finished,
    Packed,
    Receive,
    Send,
    Wanted,
    spoilt,
)
from ingestion_orchestration_fastapi_app.pipeline.known import cached
from utils.contract import ErrorCode
from utils.decoder_pool import DecodersDownError
from utils.problems import Rejected

RETRY_DECODERS_S = 5.0
LINGER_S = 0.2  # how often a batch that is not full asks whether the service has room


async def prepare(
    job: JobContext, files: Receive[Wanted], out: Send[Packed], ends: Send[Finished]
) -> None:
    """Decodes one file at a time for each worker."""
    async with files, out, ends:
        async for wanted in files:
            turn: Wanted | None = wanted
            while turn is not None:
                turn = await _prepare(job, turn, out, ends)
            job.decodes.leave(wanted.loaded.candidate.point_id)


async def _prepare(
    job: JobContext, wanted: Wanted, out: Send[Packed], ends: Send[Finished]
) -> Wanted | None:
    """Returns the copy that takes the place of a file that was lost meanwhile."""
    content = wanted.loaded.content
    prepared = await _decoded(job, content)
    job.decodes.survive(wanted.loaded.candidate.point_id)
    if isinstance(prepared, Rejected) and prepared.code in LOST:
        heir = job.in_flight.pass_on(content.sha256)
        await ends.send(spoilt(wanted.loaded.emptied(), prepared))
        return None if heir is None else replace(wanted, loaded=heir)
    if isinstance(prepared, Rejected):
        end = spoilt(wanted.loaded.emptied(), prepared)
        await ends.send(replace(end, claim=content.sha256))
    elif wanted.vector is not None and isinstance(prepared.upload, Upload):
        # Of an original only the service can make the picture, which takes as long as a vector.
        loaded = wanted.loaded.emptied()
        end = cached(job, loaded, prepared.picture, wanted.vector, caption=wanted.caption)
        await ends.send(replace(end, claim=content.sha256, is_new_picture=True))
    else:
        loaded = wanted.loaded.emptied(held_bytes=prepared.upload.held_bytes)
        await out.send(Packed(loaded=loaded, picture=prepared.picture, upload=prepared.upload))
    return None


async def _decoded(job: JobContext, content: Content) -> Prepared | Rejected:
    """Waits for as long as the machine can start no decoder: that is no file's fault."""
    while True:
        with job.tally.busy("decode"):
            try:
                return await job.ports.preparation.prepare(
                    content, job.capabilities.upload.clip, whole_side_px=job.whole_side_px
                )
            except DecodersDownError as exc:
                reason = str(exc)
        with job.tally.blocked(ErrorCode.INTERNAL, reason):
            await sleep(RETRY_DECODERS_S)


async def batch(job: JobContext, files: Receive[Packed], out: Send[list[Packed]]) -> None:
    """Cuts batches by count and bytes. One that is not full leaves as soon as it is wanted.

    `out` must have no buffer: a batch that nobody waits for keeps growing instead.
    """
    async with files, out:
        pending: list[Packed] = []
        pending_bytes = 0
        while True:
            packed: Packed | None = None
            with move_on_at(current_time() + LINGER_S if pending else float("inf")):
                try:
                    packed = await files.receive()
                except EndOfStream:
                    break
            if packed is None:
                if _offered(out, pending):
                    pending, pending_bytes = [], 0
                continue
            upload_bytes = packed.upload.size_bytes
            if not job.fleet.limits.fits(len(pending), pending_bytes, upload_bytes):
                await out.send(pending)
                pending, pending_bytes = [], 0
            pending.append(packed)
            pending_bytes += upload_bytes + PART_OVERHEAD_BYTES
            if job.fleet.limits.is_full(len(pending), pending_bytes):
                await out.send(pending)
                pending, pending_bytes = [], 0
        if pending:
            await out.send(pending)


def _offered(out: Send[list[Packed]], pending: list[Packed]) -> bool:
    try:
        out.send_nowait(pending)
    except WouldBlock:
        return False
    return True
