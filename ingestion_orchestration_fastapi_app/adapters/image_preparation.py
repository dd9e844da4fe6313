"""The Preparation port: one decode gives the upload, the thumbnail, the hash and the sizes."""

from __future__ import annotations

from typing import Literal

from anyio import CapacityLimiter, to_thread
from PIL import Image

from ingestion_orchestration_fastapi_app.core.files import Picture
from ingestion_orchestration_fastapi_app.core.records import Content, Prepared, Upload
from utils import raw
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ClipUpload
from utils.formats import Format
from utils.image_decoding import (
    Decoded,
    ImageUnreadableError,
    encode_jpeg,
    encode_ppm,
    open_upright,
    perceptual_hash,
    shrunk,
    square_of,
    thumbnail_webp,
)
from utils.problems import Rejected

_VERSION = 1  # raise it whenever an upload or a picture would come out differently
_NEUTRAL = (128, 128, 128)

Encoding = Literal["ppm", "jpeg"]


class ImagePreparation:
    """Implements `Preparation`. Decoding runs in threads that `limiter` bounds."""

    def __init__(
        self,
        limiter: CapacityLimiter,
        *,
        max_pixels: int,
        thumbnail_side_px: int = 320,
        encoding: Encoding = "ppm",
    ) -> None:
        self.version = f"{_VERSION}-{encoding}-{thumbnail_side_px}"
        self._limiter = limiter
        self._max_pixels = max_pixels
        self._thumbnail_side_px = thumbnail_side_px
        self._encoding = encoding

    async def prepare(self, content: Content, clip: ClipUpload) -> Prepared | Rejected:
        return await to_thread.run_sync(self._prepare, content, clip, limiter=self._limiter)

    def _prepare(self, content: Content, clip: ClipUpload) -> Prepared | Rejected:
        known = Format(content.format)
        min_side_px = max(2 * clip.side_px, self._thumbnail_side_px)
        try:
            if known.is_raw:
                return self._from_raw(content, clip, min_side_px)
            decoded = open_upright(
                content.data, min_side_px=min_side_px, max_pixels=self._max_pixels
            )
        except ImageUnreadableError as exc:
            return Rejected(exc.code, exc.detail)
        return Prepared(
            self._picture(decoded, known, decoded.size, "image"), self._upload(decoded, clip)
        )

    def _from_raw(self, content: Content, clip: ClipUpload, min_side_px: int) -> Prepared:
        """RAW is never developed here: the inference service does that when no preview serves."""
        found = raw.read_preview(content.data, min_side_px=min_side_px, max_pixels=self._max_pixels)
        known, size = Format(content.format), (found.width_px, found.height_px)
        if found.preview is not None and found.serves(clip.side_px):
            picture = self._picture(found.preview, known, size, "preview")
            return Prepared(picture, self._upload(found.preview, clip))
        upload = Upload(content.data, RAW_MEDIA_TYPE)
        if found.preview is not None:
            return Prepared(self._picture(found.preview, known, size, "developed"), upload)
        return Prepared(self._placeholder(content, known, size), upload)

    def _picture(
        self, decoded: Decoded, known: Format, size: tuple[int, int], rung: str
    ) -> Picture:
        small = shrunk(decoded.image, self._thumbnail_side_px)
        return Picture(
            format=known.value,
            width_px=size[0],
            height_px=size[1],
            phash=perceptual_hash(small),
            partial=decoded.partial,
            rung=rung,
            thumbnail=thumbnail_webp(small, self._thumbnail_side_px),
        )

    def _placeholder(self, content: Content, known: Format, size: tuple[int, int]) -> Picture:
        """Grey, in the picture's proportions. Its hash is the content's: like copies only."""
        scale = self._thumbnail_side_px / max(size)
        width, height = (max(1, round(length * scale)) for length in size)
        grey = Image.new("RGB", (width, height), _NEUTRAL)
        return Picture(
            format=known.value,
            width_px=size[0],
            height_px=size[1],
            phash=int.from_bytes(content.sha256[:8]),
            partial=False,
            rung="developed",
            thumbnail=thumbnail_webp(grey, self._thumbnail_side_px),
        )

    def _upload(self, decoded: Decoded, clip: ClipUpload) -> Upload:
        square = square_of(decoded, clip)
        if self._encoding == "jpeg":
            return Upload(encode_jpeg(square), "image/jpeg")
        return Upload(encode_ppm(square), PPM_MEDIA_TYPE)
