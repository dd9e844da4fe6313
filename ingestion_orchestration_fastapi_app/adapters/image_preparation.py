"""The Preparation port: one decode gives the upload, the thumbnail, the hash and the sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from anyio import CapacityLimiter, to_thread
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.local_files.original_file import read_unchanged
from ingestion_orchestration_fastapi_app.adapters.reader_version import reader_version
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Original,
    Prepared,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture, placeholder_phash
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ClipUpload, ErrorCode
from utils.imaging.decoding import (
    Decoded,
    ImageUnreadableError,
    encode_jpeg,
    encode_ppm,
    open_upright,
    square_of,
    squashed,
)
from utils.imaging.formats import Format
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.raw_developing import RawPicture
from utils.imaging.thumbnail import placeholder_pixels, shrunk, thumbnail_webp
from utils.imaging.turning import turned, turned_size
from utils.problems import Rejected
from utils.sandbox.exclusive import Exclusive
from utils.sandbox.pool import DecoderPool, decodes_apart

_UPLOAD_VERSION = 3  # raise it whenever an upload would come out differently
_PICTURE_VERSION = 3  # raise it whenever a thumbnail or a perceptual hash would
# Cached vectors were once named by the thumbnail's side as well: by this one unless it was set.
_NAMED_SIDE_PX = 320
_NEUTRAL = (128, 128, 128)

Encoding = Literal["ppm", "jpeg"]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What CLIP sees, and the side of what a captioner does; 0: no captions."""

    clip: ClipUpload
    whole_px: int


def picture_version(thumbnail_side_px: int = _NAMED_SIDE_PX, encoding: Encoding = "ppm") -> str:
    """By which cached pictures are named, beside their content."""
    return f"{_PICTURE_VERSION}-{encoding}-{thumbnail_side_px}"


class ImagePreparation:
    """Implements `Preparation`. `limiter` bounds what is decoded at once.

    Decoders that are not trusted run in the processes of `pool`; all else, and what is made of
    their pixels, in threads.
    """

    def __init__(
        self,
        limiter: CapacityLimiter,
        pool: DecoderPool,
        threads: RootThreads,
        *,
        max_pixels: int,
        thumbnail_side_px: int = 320,
        encoding: Encoding = "ppm",
    ) -> None:
        self.upload_version = f"{_UPLOAD_VERSION}-{encoding}-{_NAMED_SIDE_PX}"
        self.earlier_upload_versions: tuple[str, ...] = (
            ()
            if thumbnail_side_px == _NAMED_SIDE_PX
            else (f"{_UPLOAD_VERSION}-{encoding}-{thumbnail_side_px}",)
        )
        self.picture_version = picture_version(thumbnail_side_px, encoding)
        self.reader_version = reader_version()
        self._limiter = limiter
        self._exclusive, self._alone = Exclusive(limiter), CapacityLimiter(1)
        self._root_threads = threads
        self._pool = pool
        self._max_pixels = max_pixels
        self._thumbnail_side_px = thumbnail_side_px
        self._encoding = encoding

    def min_side_px(self, clip: ClipUpload, *, whole_side_px: int = 0) -> int:
        return max(2 * clip.side_px, 2 * whole_side_px, self._thumbnail_side_px)

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected:
        known = Format(content.format)
        sides = _Sides(clip, whole_side_px)
        min_side_px = self.min_side_px(clip, whole_side_px=whole_side_px)
        try:
            if not decodes_apart(known):
                return await self._in_thread(partial(self._from_file, content, sides, min_side_px))
            decoded = await self._decoded_apart(content, known, min_side_px)
            if isinstance(decoded, Rejected):
                return decoded
            return await self._in_thread(partial(self._from_decoded, content, sides, decoded))
        except ImageUnreadableError as exc:
            return Rejected(exc.code, exc.detail)

    async def _in_thread(self, work: Callable[[], Prepared]) -> Prepared:
        """Once more, with nothing beside it, where memory ran out: the others may have had it."""
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        except (MemoryError, ImageUnreadableError) as exc:
            if not isinstance(exc, MemoryError) and not isinstance(exc.__cause__, MemoryError):
                raise
        async with self._exclusive.held():
            try:
                return await to_thread.run_sync(work, limiter=self._alone)
            except MemoryError as exc:
                detail = "no memory to decode it, with no other file beside it"
                raise ImageUnreadableError(ErrorCode.IMAGE_TOO_LARGE, detail) from exc

    async def _decoded_apart(
        self, content: Content, known: Format, min_side_px: int
    ) -> Decoded | RawPicture | Rejected:
        if known.is_raw:
            return await self._preview(content, min_side_px)
        async with self._limiter:
            return await self._pool.open_upright(
                content.data, min_side_px=min_side_px, max_pixels=self._max_pixels
            )

    async def _preview(self, content: Content, min_side_px: int) -> RawPicture | Rejected:
        """RAW is never developed here: the inference service does that when no preview serves.

        Its bytes are not there any more: the preview counts if the file was the same all along.
        """

        async def find(descriptor: int) -> RawPicture:
            async with self._limiter:  # no decoder waits for a share that does not answer
                return await self._pool.read_preview(
                    descriptor, min_side_px=min_side_px, max_pixels=self._max_pixels
                )

        return await read_unchanged(original_of(content), self._root_threads, find)

    def _from_file(self, content: Content, sides: _Sides, min_side_px: int) -> Prepared:
        decoded = open_upright(content.data, min_side_px=min_side_px, max_pixels=self._max_pixels)
        return self._from_decoded(content, sides, decoded)

    def _from_decoded(
        self, content: Content, sides: _Sides, decoded: Decoded | RawPicture
    ) -> Prepared:
        turn = content.metadata.sidecar_turn
        if isinstance(decoded, RawPicture):
            return self._from_raw(content, sides, _turned_raw(decoded, turn))
        decoded = turned(decoded, turn)
        picture = self._picture(decoded, Format(content.format), decoded.size, "image")
        return Prepared(picture, self._upload(decoded, sides))

    def _from_raw(self, content: Content, sides: _Sides, found: RawPicture) -> Prepared:
        known, size = Format(content.format), (found.width_px, found.height_px)
        if found.preview is not None and found.is_large_enough(sides.clip.side_px):
            picture = self._picture(found.preview, known, size, "preview")
            return Prepared(picture, self._upload(found.preview, sides))
        upload = original_of(content)
        if found.preview is not None:
            return Prepared(self._picture(found.preview, known, size, "developed"), upload)
        return Prepared(self._unseen(content, known, size), upload)

    def _picture(
        self, decoded: Decoded, known: Format, size: tuple[int, int], pixel_source: str
    ) -> Picture:
        small = shrunk(decoded.image, self._thumbnail_side_px)
        return Picture(
            format=known.value,
            width_px=size[0],
            height_px=size[1],
            phash=perceptual_hash(small),
            partial=decoded.partial,
            pixel_source=pixel_source,
            thumbnail=thumbnail_webp(small, self._thumbnail_side_px),
            placeholder=placeholder_pixels(small),
        )

    def _unseen(self, content: Content, known: Format, size: tuple[int, int]) -> Picture:
        """Until the inference service has shown what it developed, or where it does not.

        Grey, in the picture's proportions.
        """
        scale = self._thumbnail_side_px / max(size)
        width, height = (max(1, round(length * scale)) for length in size)
        grey = Image.new("RGB", (width, height), _NEUTRAL)
        return Picture(
            format=known.value,
            width_px=size[0],
            height_px=size[1],
            phash=placeholder_phash(content.picture_key),
            partial=False,
            pixel_source="developed",
            thumbnail=thumbnail_webp(grey, self._thumbnail_side_px),
        )

    def _upload(self, decoded: Decoded, sides: _Sides) -> Upload:
        square, whole = square_of(decoded, sides.clip), None
        if sides.whole_px:
            whole = square_of(decoded, squashed(sides.whole_px))
        if self._encoding == "jpeg":
            data = b"" if whole is None else encode_jpeg(whole)
            return Upload(encode_jpeg(square), "image/jpeg", data)
        data = b"" if whole is None else encode_ppm(whole)
        return Upload(encode_ppm(square), PPM_MEDIA_TYPE, data)


def original_of(content: Content) -> Original:
    turn = content.metadata.sidecar_turn
    return Original(content.file, content.sha256, RAW_MEDIA_TYPE, turn)


def _turned_raw(found: RawPicture, turn: int | None) -> RawPicture:
    width, height = turned_size((found.width_px, found.height_px), turn)
    preview = None if found.preview is None else turned(found.preview, turn)
    return RawPicture(width, height, preview)
