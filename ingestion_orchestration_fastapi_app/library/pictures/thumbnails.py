"""Pictures by content, and made anew where the cache has let one go, or never had one."""

from __future__ import annotations

from contextlib import suppress

from anyio import CapacityLimiter, move_on_after

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Embedded,
    Original,
    Prepared,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.picture import (
    DevelopedPreview,
    Picture,
    placeholder_phash,
)
from ingestion_orchestration_fastapi_app.errors import (
    ImageNotFound,
    InferenceFault,
    ModelMismatch,
    PictureUnavailable,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.single import sent_alone
from ingestion_orchestration_fastapi_app.library.pictures.stored_content import stored_content
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from utils.contract import ClipUpload
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

THUMBNAIL_ONLY = ClipUpload(side_px=64, crop="center")  # the model's pixels are not wanted here
MAKE_LIMIT_S = 30.0  # until it is read and decoded
RETRY_AFTER_S = 5.0
DEVELOP_LIMIT_S = 20.0  # who looks at a page does not wait as long as a job does


class Thumbnails:
    """Raises ImageNotFound; PictureUnavailable for what may be had later.

    `budget` is not that of jobs, which may hold all of theirs for as long as they wait for an
    inference service.
    """

    def __init__(
        self,
        cache: ContentCache,
        library: Library,
        preparation: Preparation,
        budget: MemoryBudget,
        pool: InferencePool,
    ) -> None:
        self._cache = cache
        self._library = library
        self._preparation = preparation
        self._budget = budget
        self._pool = pool
        self._developing = CapacityLimiter(1)  # a page of them leaves a service to its jobs

    async def picture(self, image: StoredImage) -> Picture:
        """With `placeholder_phash` where only a service could say what it looks like, and none
        does.
        """
        version, key = self._preparation.picture_version, image.picture_key
        unseen = placeholder_phash(key)
        picture = (await self._cache.pictures(version, [key])).get(key)
        if picture is None or picture.phash == unseen:
            return await self._made_anew(image)
        return picture

    async def _made_anew(self, image: StoredImage) -> Picture:
        prepared = None
        with move_on_after(MAKE_LIMIT_S):
            prepared = await self._prepared(image)
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
            developed_preview = await self._developed(image, prepared.upload)
            if developed_preview is None:
                return picture  # not kept: the service may be back when it is asked for again
            picture = developed_preview.of(picture)
        kept = {image.picture_key: picture}
        await self._cache.put_pictures(self._preparation.picture_version, kept)
        return picture

    async def _prepared(self, image: StoredImage) -> Prepared | Rejected:
        with self._budget.share() as memory:
            content = await stored_content(
                self._library,
                image,
                memory,
                min_side_px=self._preparation.min_side_px(THUMBNAIL_ONLY),
            )
            try:
                return await self._preparation.prepare(content, THUMBNAIL_ONLY)
            except DecodersDownError as exc:
                raise PictureUnavailable(
                    f"The thumbnail cannot be made now: {exc}.", retry_after_s=RETRY_AFTER_S
                ) from exc

    async def _developed(self, image: StoredImage, original: Original) -> DevelopedPreview | None:
        """By a service that can now; what it takes of a service is no job's."""
        part_id, wanted = str(image.id), image.fingerprint

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
