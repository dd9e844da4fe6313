"""Previews: any format as a picture that browsers show, made once and kept by content."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from anyio import CapacityLimiter, Event, move_on_after

from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, PictureUnavailable
from ingestion_orchestration_fastapi_app.library.pictures.stored_content import stored_content
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.ports.previews import (
    PreviewCache,
    PreviewFormat,
    PreviewKey,
    PreviewRendering,
)
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import ErrorCode
from utils.problems import Problem, Rejected
from utils.sandbox.pool import DecodersDownError

STEPS_PX = (256, 512, 1024, 1600, 2560, 4096)  # few, so that one picture is not kept many times
MOST_MAKING = 64  # pictures that are made or wait to be, whoever asks for them
MAKE_LIMIT_S = 30.0  # until it is read and decoded, the wait for its turn included
RETRY_AFTER_S = 2.0
_MOST_REFUSED = 4096
# What may be otherwise at the next try; all else is the file's own fault.
_OF_THE_MOMENT = frozenset({ErrorCode.FILE_READ, ErrorCode.DECODING_TIMEOUT})


@dataclass(slots=True)
class _Making:
    """One preview under way. Nothing is set where whoever made it gave up."""

    ended: Event = field(default_factory=Event)
    preview: bytes | None = None
    problem: Problem | None = None


class Previews:
    """Raises ImageNotFound; PictureUnavailable for what may be had later.

    `budget` is not that of jobs, as for thumbnails. `at_once` is how many are decoded at a time.
    What a picture could not be decoded for is remembered while the service runs: such a file may
    cost a decoder each time.
    """

    def __init__(
        self,
        cache: PreviewCache,
        library: Library,
        rendering: PreviewRendering,
        budget: MemoryBudget,
        *,
        at_once: int,
    ) -> None:
        self._cache = cache
        self._library = library
        self._rendering = rendering
        self._budget = budget
        self._turns = CapacityLimiter(at_once)
        self._making: dict[PreviewKey, _Making] = {}
        self._refused: OrderedDict[bytes, str] = OrderedDict()

    def key(self, image: StoredImage, *, side_px: int, encoding: PreviewFormat) -> PreviewKey:
        """Names what `preview` gives. The side is the next step, and none above the picture's."""
        longest_px = max(image.width_px, image.height_px)
        step_px = next(
            (step for step in STEPS_PX if step >= min(side_px, longest_px)), STEPS_PX[-1]
        )
        return PreviewKey(self._rendering.version, image.picture_key, step_px, encoding)

    async def preview(self, image: StoredImage, key: PreviewKey) -> bytes:
        """`key` is the point's. Who asks for what is being made waits for it."""
        while (kept := await self._cache.get(key)) is None:
            self._check_not_refused(image)
            making = self._making.get(key)
            if making is None:
                return await self._made(image, key)
            await making.ended.wait()
            if making.problem is not None:
                raise making.problem
            if making.preview is not None:
                return making.preview
        return kept

    async def _made(self, image: StoredImage, key: PreviewKey) -> bytes:
        if len(self._making) >= MOST_MAKING:
            raise PictureUnavailable(
                f"{MOST_MAKING} other previews are being made.", retry_after_s=RETRY_AFTER_S
            )
        making = self._making[key] = _Making()
        try:
            making.preview = await self._made_in_time(image, key)
        except Problem as exc:
            making.problem = exc
            raise
        finally:
            del self._making[key]
            making.ended.set()
        await self._cache.put(key, making.preview)
        return making.preview

    async def _made_in_time(self, image: StoredImage, key: PreviewKey) -> bytes:
        with move_on_after(MAKE_LIMIT_S):
            async with self._turns:
                return await self._rendered(image, key)
        raise PictureUnavailable(
            "The preview could not be made in time: the file's disk or share is slow or does not "
            "answer, or many others are being made.",
            retry_after_s=RETRY_AFTER_S,
        )

    async def _rendered(self, image: StoredImage, key: PreviewKey) -> bytes:
        longest_px = max(image.width_px, image.height_px, 1)
        shortest_px = min(image.width_px, image.height_px)
        min_side_px = max(1, -(-key.side_px * shortest_px // longest_px))
        with self._budget.share() as memory:
            content = await stored_content(self._library, image, memory, min_side_px=min_side_px)
            try:
                made = await self._rendering.render(
                    content, side_px=key.side_px, min_side_px=min_side_px, encoding=key.encoding
                )
            except (DecodersDownError, MemoryError) as exc:
                why = "memory ran out" if isinstance(exc, MemoryError) else str(exc)
                raise PictureUnavailable(
                    f"The preview cannot be made now: {why}.", retry_after_s=RETRY_AFTER_S
                ) from exc
        if not isinstance(made, Rejected):
            return made
        if made.code in _OF_THE_MOMENT:
            raise PictureUnavailable(
                f"The preview cannot be made now: {made.detail}.", retry_after_s=RETRY_AFTER_S
            )
        if made.code is not ErrorCode.FILE_CHANGED:
            self._refused[image.picture_key] = made.detail
            while len(self._refused) > _MOST_REFUSED:
                self._refused.popitem(last=False)
        raise ImageNotFound(f"The file cannot be decoded: {made.detail}")

    def _check_not_refused(self, image: StoredImage) -> None:
        detail = self._refused.get(image.picture_key)
        if detail is not None:
            raise ImageNotFound(f"The file cannot be decoded: {detail}")
