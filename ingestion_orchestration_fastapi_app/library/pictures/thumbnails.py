"""Pictures by content, and made anew where the cache has let one go, or never had one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from anyio import CapacityLimiter, move_on_after

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Embedded,
    Original,
    Prepared,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import (
    DevelopedPreview,
    Picture,
    placeholder_phash,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import (
    ImageNotFound,
    InferenceFault,
    ModelMismatch,
    PictureUnavailable,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.single import sent_alone
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.pictures.stored_content import stored_content
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import ClipUpload
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

THUMBNAIL_ONLY = ClipUpload(side_px=64, crop="center")  # the model's pixels are not wanted here
MAKE_LIMIT_S = 30.0  # until it is read and decoded
RETRY_AFTER_S = 5.0
DEVELOP_LIMIT_S = 20.0  # who looks at a page does not wait as long as a job does


class Thumbnails:
    """Raises CollectionNotFound, ImageNotFound, StoreRead; PictureUnavailable for what may be had
    later.

    `budget` is not that of jobs, which may hold all of theirs for as long as they wait for an
    inference service. What may not be looked at any more (`is_allowed`) is not there.
    """

    def __init__(
        self,
        collections: Collections,
        store: VectorStore,
        cache: ContentCache,
        library: Library,
        preparation: Preparation,
        budget: MemoryBudget,
        pool: InferencePool,
        *,
        is_allowed: Callable[[bytes], bool],
    ) -> None:
        self._collections = collections
        self._store = store
        self._cache = cache
        self._library = library
        self._preparation = preparation
        self._budget = budget
        self._pool = pool
        self._is_allowed = is_allowed
        self._developing = CapacityLimiter(1)  # a page of them leaves a service to its jobs

    async def point(self, collection: str, image_id: UUID) -> Point:
        for point in await self.points(collection, [image_id]):
            return point
        raise ImageNotFound(f"Collection {collection!r} holds no image {image_id}.")

    async def points(self, collection: str, image_ids: Sequence[UUID]) -> list[Point]:
        """Of these images those that are there, in any order."""
        points = []
        async with self._collections.reading(collection) as record:
            if record.active is not None:
                points = await self._store.get(record.active.table, list(image_ids))
        return [point for point in points if self._is_allowed(point.path)]

    async def picture(self, point: Point) -> Picture:
        """With `placeholder_phash` where only a service could say what it looks like, and none
        does.
        """
        version, key = self._preparation.picture_version, point.picture_key
        unseen = placeholder_phash(key)
        picture = (await self._cache.pictures(version, [key])).get(key)
        if picture is None or picture.phash == unseen:
            return await self._made_anew(point)
        return picture

    async def _made_anew(self, point: Point) -> Picture:
        prepared = None
        with move_on_after(MAKE_LIMIT_S):
            prepared = await self._prepared(point)
        if prepared is None:
            raise PictureUnavailable(
                "The thumbnail could not be made in time: the file's disk or share is slow or does "
                "not answer, or many others are being made.",
                retry_after_s=RETRY_AFTER_S,
            )
        if isinstance(prepared, Rejected):
            raise ImageNotFound(f"The file cannot be decoded: {prepared.detail}")
        picture = prepared.picture
        if isinstance(prepared.upload, Original):
            developed_preview = await self._developed(point, prepared.upload)
            if developed_preview is None:
                return picture  # not kept: the service may be back when it is asked for again
            picture = developed_preview.of(picture)
        kept = {point.picture_key: picture}
        await self._cache.put_pictures(self._preparation.picture_version, kept)
        return picture

    async def _prepared(self, point: Point) -> Prepared | Rejected:
        with self._budget.share() as memory:
            content = await stored_content(
                self._library,
                point,
                memory,
                min_side_px=self._preparation.min_side_px(THUMBNAIL_ONLY),
            )
            try:
                return await self._preparation.prepare(content, THUMBNAIL_ONLY)
            except DecodersDownError as exc:
                raise PictureUnavailable(
                    f"The thumbnail cannot be made now: {exc}.", retry_after_s=RETRY_AFTER_S
                ) from exc

    async def _developed(self, point: Point, original: Original) -> DevelopedPreview | None:
        """By a service that can now; what it takes of a service is no job's."""
        part_id, wanted = str(point.id), point.fingerprint

        async def developed(service: Inference) -> Embedded | Rejected:
            answers = await service.embed({part_id: original}, captions=False, fingerprint=wanted)
            return answers[part_id]

        with move_on_after(DEVELOP_LIMIT_S), suppress(ModelMismatch):
            async with self._developing:
                for _ in self._pool.endpoints:
                    with suppress(InferenceFault):
                        answer = await sent_alone(self._pool, wanted, developed)
                        return answer.developed_preview if isinstance(answer, Embedded) else None
        return None
