"""The PreviewRendering port: large pictures of files, decoded where hostile bytes harm nobody."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import BytesIO

from anyio import CapacityLimiter, to_thread
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.image_preparation import original_of
from ingestion_orchestration_fastapi_app.adapters.local_files.original_file import read_unchanged
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content
from ingestion_orchestration_fastapi_app.ports.previews import PreviewFormat
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.imaging.decoding import Decoded, ImageUnreadableError, open_upright
from utils.imaging.formats import Format
from utils.imaging.thumbnail import shrunk
from utils.imaging.turning import turned
from utils.problems import Rejected
from utils.sandbox.pool import DecoderPool, decodes_apart

_VERSION = "1"  # raise it whenever a preview would come out differently
_QUALITY = {PreviewFormat.JPEG: 85, PreviewFormat.WEBP: 82}
_WEBP_EFFORT = 2  # as for thumbnails: 4 takes twice the time for a tenth of the bytes
# A camera's preview of a whole picture may be some pixels smaller than the sensor's.
_LARGE_ENOUGH = 0.9


class RenderedPreviews:
    """Implements `PreviewRendering`. `limiter` bounds what is decoded in threads, and encoded."""

    version = _VERSION

    def __init__(
        self,
        limiter: CapacityLimiter,
        pool: DecoderPool,
        threads: RootThreads,
        *,
        max_pixels: int,
    ) -> None:
        self._limiter = limiter
        self._pool = pool
        self._root_threads = threads
        self._max_pixels = max_pixels

    async def render(
        self, content: Content, *, side_px: int, min_side_px: int, encoding: PreviewFormat
    ) -> bytes | Rejected:
        known, turn = Format(content.format), content.metadata.sidecar_turn
        wanted = {"min_side_px": min_side_px, "max_pixels": self._max_pixels}
        try:
            if not decodes_apart(known):
                work = partial(_from_file, content.data, wanted, turn, side_px, encoding)
                return await to_thread.run_sync(work, limiter=self._limiter)
            if known.is_raw:
                decoded = await self._from_raw(content, side_px, min_side_px)
                if isinstance(decoded, Rejected):
                    return decoded
            else:
                decoded = await self._pool.open_upright(content.data, **wanted)
            work = partial(_encoded, decoded, turn, side_px, encoding)
            return await to_thread.run_sync(work, limiter=self._limiter)
        except ImageUnreadableError as exc:
            if isinstance(exc.__cause__, MemoryError):  # in this process, not in a decoder's own
                raise exc.__cause__ from exc
            return Rejected(exc.code, exc.detail)

    async def _from_raw(
        self, content: Content, side_px: int, min_side_px: int
    ) -> Decoded | Rejected:
        """The preview in it where that is large enough, else developed; of two that fall short
        the one that there is.
        """

        async def find(descriptor: int) -> Decoded:
            found = await self._pool.read_preview(
                descriptor, min_side_px=min_side_px, max_pixels=self._max_pixels
            )
            enough_px = _LARGE_ENOUGH * min(side_px, max(found.width_px, found.height_px))
            preview = found.preview
            if preview is not None and max(preview.image.size) >= enough_px:
                return preview
            try:
                return await self._pool.develop(
                    descriptor,
                    min_side_px=min_side_px,
                    small_side_px=side_px,
                    max_pixels=self._max_pixels,
                )
            except ImageUnreadableError:
                if preview is None:
                    raise
                return preview

        return await read_unchanged(original_of(content), self._root_threads, find)


def _from_file(
    data: bytes, wanted: dict[str, int], turn: int | None, side_px: int, encoding: PreviewFormat
) -> bytes:
    return _encoded(open_upright(data, **wanted), turn, side_px, encoding)


def _encoded(decoded: Decoded, turn: int | None, side_px: int, encoding: PreviewFormat) -> bytes:
    """Shrunk before it is turned: that costs by the pixel."""
    image = decoded.image
    if max(image.size) > side_px:
        image = shrunk(image, side_px)
    return _saved(turned(replace(decoded, image=image), turn).image, encoding)


def _saved(image: Image.Image, encoding: PreviewFormat) -> bytes:
    """Without any metadata: sRGB is what is meant where nothing is said."""
    encoded = BytesIO()
    if encoding is PreviewFormat.WEBP:
        image.save(encoded, "WEBP", quality=_QUALITY[encoding], method=_WEBP_EFFORT)
    else:
        image.save(encoded, "JPEG", quality=_QUALITY[encoding])
    return encoded.getvalue()
