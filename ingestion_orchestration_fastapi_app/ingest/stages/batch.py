"""batch: groups of uploads that one request carries."""

from __future__ import annotations

from anyio import EndOfStream, WouldBlock, current_time, move_on_at

from ingestion_orchestration_fastapi_app.domain.inference.batching import PART_OVERHEAD_BYTES
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Send,
    ToEmbed,
)

LINGER_S = 0.2  # how often a batch that is not full asks whether the service has room


async def batch(job: JobContext, files: Receive[ToEmbed], out: Send[list[ToEmbed]]) -> None:
    """Cuts batches by count and bytes. One that is not full leaves as soon as it is wanted.

    `out` must have no buffer: a batch that nobody waits for keeps growing instead.
    """
    async with files, out:
        pending: list[ToEmbed] = []
        pending_bytes = 0
        while True:
            file: ToEmbed | None = None
            with move_on_at(current_time() + LINGER_S if pending else float("inf")):
                try:
                    file = await files.receive()
                except EndOfStream:
                    break
            if file is None:
                if _offered(out, pending):
                    pending, pending_bytes = [], 0
                continue
            upload_bytes = file.upload.size_bytes
            if not job.inference.limits.fits(len(pending), pending_bytes, upload_bytes):
                await out.send(pending)
                pending, pending_bytes = [], 0
            pending.append(file)
            pending_bytes += upload_bytes + PART_OVERHEAD_BYTES
            if job.inference.limits.is_full(len(pending), pending_bytes):
                await out.send(pending)
                pending, pending_bytes = [], 0
        if pending:
            await out.send(pending)


def _offered(out: Send[list[ToEmbed]], pending: list[ToEmbed]) -> bool:
    try:
        out.send_nowait(pending)
    except WouldBlock:
        return False
    return True
