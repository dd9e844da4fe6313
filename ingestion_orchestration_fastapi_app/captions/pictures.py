"""An image's whole picture, from where it costs least: thumbnail, preview, or the original."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from uuid import UUID

from anyio import CapacityLimiter, current_time, move_on_after, sleep, to_thread
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.picture import placeholder_phash
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.library.pictures.previews import STEPS_PX
from ingestion_orchestration_fastapi_app.library.pictures.stored_content import stored_content
from ingestion_orchestration_fastapi_app.ports.captioner import WholePicture
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.ports.previews import (
    PreviewCache,
    PreviewFormat,
    PreviewKey,
    PreviewRendering,
)
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

_LARGEST_PREVIEW_PX = 1600  # more takes longer to send than a smaller one takes to make
_READ_LIMIT_S = 60.0  # until it is read and decoded
_RETRY_S = 5.0
_SILENT_S = 60.0
_THREADS = 2  # that look how large a thumbnail is
_LIMITED = "its folder does not answer, or others take too long to decode"
# Of the file's disk, which may be back later, or of a file that an import has yet to look at.
_NOT_THERE = frozenset({ErrorCode.FILE_READ, ErrorCode.FILE_CHANGED})


@dataclass(frozen=True, slots=True)
class Absent:
    """Its file is away, cannot be read now, or holds another picture: nothing is said of it."""

    detail: str


@dataclass(frozen=True, slots=True)
class CaptionPictures:
    """What of a folder that does not answer is waited for once: `silent_until_s` by root.

    `budget` is not that of imports, which may hold all of theirs while they wait.
    """

    cache: ContentCache
    previews: PreviewCache
    rendering: PreviewRendering
    library: Library
    picture_version: str
    budget: MemoryBudget
    is_allowed: Callable[[bytes], bool]
    silent_until_s: dict[UUID, float] = field(default_factory=dict)
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    async def picture(
        self, point: Point, *, side_px: int, progress: JobProgress
    ) -> WholePicture | Rejected | Absent:
        """Its longest side has `side_px`, or more, or is as long as the picture's own."""
        if not self.is_allowed(point.path):
            return Absent("its folder may not be read now")
        longest_px = max(point.width_px, point.height_px, 1)
        enough_px = min(side_px, longest_px)
        return (
            await self._thumbnail(point, enough_px)
            or await self._preview(point, enough_px, longest_px)
            or await self._from_original(point, side_px, progress)
        )

    async def _thumbnail(self, point: Point, enough_px: int) -> WholePicture | None:
        key = point.picture_key
        picture = (await self.cache.pictures(self.picture_version, [key])).get(key)
        if picture is None or picture.phash == placeholder_phash(key):
            return None
        measure = partial(_longest_px, picture.thumbnail)
        side_px = await to_thread.run_sync(measure, limiter=self.threads)
        return WholePicture(picture.thumbnail, "image/webp") if side_px >= enough_px else None

    async def _preview(self, point: Point, enough_px: int, longest_px: int) -> WholePicture | None:
        for key in self._preview_keys(point, enough_px, longest_px):
            if (kept := await self.previews.get(key)) is not None:
                return WholePicture(kept, key.encoding.media_type)
        return None

    def _preview_keys(self, point: Point, enough_px: int, longest_px: int) -> Iterator[PreviewKey]:
        """Those under which previews of the picture may lie, small ones first."""
        for step_px in STEPS_PX:
            if enough_px <= step_px <= _LARGEST_PREVIEW_PX:
                for encoding in PreviewFormat:
                    yield PreviewKey(self.rendering.version, point.picture_key, step_px, encoding)
            if step_px >= longest_px:
                return

    async def _from_original(
        self, point: Point, side_px: int, progress: JobProgress
    ) -> WholePicture | Rejected | Absent:
        if self.silent_until_s.get(point.root_id, 0.0) > current_time():
            return Absent(_LIMITED)
        while True:
            try:
                with move_on_after(_READ_LIMIT_S):
                    return await self._rendered(point, side_px)
            except (DecodersDownError, MemoryError) as exc:
                reason = "memory ran out" if isinstance(exc, MemoryError) else str(exc)
                with progress.blocked(ErrorCode.DECODERS, reason):
                    await sleep(_RETRY_S)
            else:
                self.silent_until_s[point.root_id] = current_time() + _SILENT_S
                return Absent(_LIMITED)

    async def _rendered(self, point: Point, side_px: int) -> WholePicture | Rejected | Absent:
        longest_px = max(point.width_px, point.height_px, 1)
        shortest_px = min(point.width_px, point.height_px)
        min_side_px = max(1, -(-side_px * shortest_px // longest_px))
        with self.budget.share() as memory:
            try:
                content = await stored_content(
                    self.library, StoredImage.of(point), memory, min_side_px=min_side_px
                )
            except ImageNotFound as exc:
                return Absent(exc.detail)
            made = await self.rendering.render(
                content, side_px=side_px, min_side_px=min_side_px, encoding=PreviewFormat.JPEG
            )
        if not isinstance(made, Rejected):
            return WholePicture(made, PreviewFormat.JPEG.media_type)
        return Absent(made.detail) if made.code in _NOT_THERE else made


def _longest_px(data: bytes) -> int:
    """0 of what is no picture. Blocking."""
    try:
        with Image.open(BytesIO(data)) as image:
            return max(image.size)
    except (OSError, ValueError):
        return 0
