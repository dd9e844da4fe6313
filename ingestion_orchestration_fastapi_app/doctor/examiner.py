"""Opens what an examination works with, from settings alone: decoders, and a way to read files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.doctor.examination import Examiner
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.imaging.decoding import ImageUnreadableError
from utils.sandbox.pool import DecoderPool, DecodersDownError

_PIXEL = b"P6 1 1 255\n\0\0\0"
_CONTROL_GAP_S = 0.5  # nothing else runs beside it that would need longer to pass


@asynccontextmanager
async def opened_examiner(settings: Settings) -> AsyncIterator[Examiner]:
    """With the limits of an import. Whoever calls the command may read whatever they may read."""
    files = LocalFiles(RootThreads(lambda _: b"/", each=1), max_file_bytes=settings.max_file_bytes)
    async with DecoderPool(
        workers=1,
        timeout_s=settings.decode_timeout_s,
        memory_bytes=settings.decode_memory_bytes,
        control_gap_s=_CONTROL_GAP_S,
    ) as pool:
        with suppress(ImageUnreadableError, DecodersDownError):
            # The first file's time is then its own, and not that of a process's start.
            await pool.open_upright(_PIXEL, min_side_px=1, max_pixels=1)
        yield Examiner(files, pool, max_pixels=settings.max_image_pixels)
