"""One request's way: parts -> pixels -> vectors -> captions.

Runs on the event loop; the models do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import structlog

from ml_inference_fastapi_app.backends.base import Picture, Vectors
from ml_inference_fastapi_app.errors import CaptionsUnavailable, ModelFailed
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.captioner_lifecycle import CaptionerLifecycle
from ml_inference_fastapi_app.models.clip_models import ClipModels
from ml_inference_fastapi_app.models.loaded_captioner import LoadedCaptioner, captions_of
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip, Vector
from ml_inference_fastapi_app.scheduling.admission import Admission, Permit
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
    Priority,
    Steps,
    T,
    one_turn,
)
from ml_inference_fastapi_app.serving.decoding import BatchDecoding, Decoder
from ml_inference_fastapi_app.serving.multipart import MultipartStream, Part, PartLimits
from ml_inference_fastapi_app.serving.request_body import Arrivals, Body
from ml_inference_fastapi_app.serving.stage_timer import StageTimer, timed
from utils.contract import CAPTION_IMAGES_FIELD, CAPTION_IMAGES_FIELD_0_1
from utils.imaging.decoding import squashed
from utils.problems import MalformedMultipart, Rejected, ValidationProblem
from utils.web.bodies.multipart import TooManyParts

log = structlog.stdlib.get_logger(__name__)

CAPTION_IMAGES_FIELDS = frozenset({CAPTION_IMAGES_FIELD, CAPTION_IMAGES_FIELD_0_1})
BATCH_FIELDS = frozenset({"files"})
IMAGE_FIELDS = frozenset({"files", "file"})


@dataclass(frozen=True, slots=True)
class EngineLimits:
    max_request_bytes: int
    max_part_bytes: int
    upload_timeout_s: float


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """`ids`, `results`, `captions` and `thumbnails` (WebP) in the order of the parts.

    A caption is None where none was asked for, or where the image could not be read. A result is
    None where no vector was asked for.
    """

    ids: Sequence[str]
    results: Sequence[Vector | Rejected | None]
    captions: Sequence[str | Rejected | None]
    thumbnails: Sequence[bytes | None]
    caption_fingerprint: str | None = None


class Engine:
    """`models`, `admission`, `arrivals` and `limits` are for the routes to ask.

    A model that is given stays loaded meanwhile.
    """

    def __init__(
        self,
        *,
        thread: ModelThread,
        models: ClipModels,
        admission: Admission,
        decoder: Decoder,
        captioner_lifecycle: CaptionerLifecycle,
        limits: EngineLimits,
        metrics: EngineMetrics,
    ) -> None:
        self.thread = thread
        self.models = models
        self.captioner_lifecycle = captioner_lifecycle
        self.admission = admission
        self.limits = limits
        self.metrics = metrics
        self.arrivals = Arrivals()
        self._decoder = decoder

    async def embed_batch(
        self,
        model: LoadedClip,
        body: Body,
        boundary: bytes,
        permit: Permit,
        timer: StageTimer,
        *,
        declared: int | None,
        captions: bool = False,
        embeddings: bool = True,
        thumbnail_side_px: int = 0,
    ) -> BatchOutcome:
        """Parses and decodes while the body arrives, then runs it turn by turn.

        A bad part is a result. Raises what concerns the whole request: MalformedMultipart,
        BatchTooLarge, ValidationProblem, TooSlow, ModelFailed, ModelLoading while the
        captioning model is being fetched, and CaptionsUnavailable where only captions were asked
        for.
        """
        captioner = await self._captioner(model) if captions else None
        if captioner is None and not embeddings:
            raise self._no_captions()
        caption_side_px = 0 if captioner is None else captioner.description.side_px
        failure: Exception | None = None
        async with anyio.create_task_group() as tg:
            decoding = BatchDecoding(
                self._decoder,
                model.description.upload,
                tg,
                caption_side_px=caption_side_px,
                thumbnail_side_px=thumbnail_side_px,
            )
            try:
                await self._receive(body, boundary, decoding, declared or model.safe_batch)
            except Exception as exc:  # noqa: BLE001  # raised below, outside the group
                failure = exc
                tg.cancel_scope.cancel()
            timer.end("parse")
        if isinstance(failure, TooManyParts) and declared is not None:
            raise ValidationProblem(f"More images came than the {declared} declared.") from failure
        failure = failure or decoding.fault
        if failure is not None:
            raise failure
        if not decoding.ids:
            raise ValidationProblem("The body holds no image.")
        timer.end("decode")
        results: list[Vector | Rejected | None] = [
            picture if isinstance(picture, Rejected) else None for picture in decoding.pictures
        ]
        if embeddings:
            results = await self._embedded(model, decoding.pictures, permit, timer)
        said: list[str | Rejected | None] = [None] * len(results)
        if captions:
            why_none = self.captioner_lifecycle.why_unavailable
            words = captions_of(captioner, results, decoding.caption_images, why_none=why_none)
            steps = words if embeddings else timed(words, timer)
            said = await self._on_thread(steps, Priority.IMPORT)
        self._count(results, timer)
        fingerprint = None if captioner is None else captioner.description.fingerprint
        return BatchOutcome(decoding.ids, results, said, decoding.thumbnails, fingerprint)

    async def _embedded(
        self,
        model: LoadedClip,
        pictures: Sequence[Picture | Rejected],
        permit: Permit,
        timer: StageTimer,
    ) -> list[Vector | Rejected | None]:
        good = [picture for picture in pictures if not isinstance(picture, Rejected)]
        permit.images_left = len(good)
        steps = timed(model.batch(good, permit), timer)
        vectors = iter(await self._on_thread(steps, Priority.IMPORT))
        return [picture if isinstance(picture, Rejected) else next(vectors) for picture in pictures]

    def _no_captions(self) -> CaptionsUnavailable:
        why = self.captioner_lifecycle.why_unavailable
        return CaptionsUnavailable(f"This service writes no captions now: {why}")

    async def caption_image(
        self, model: LoadedClip, body: Body, boundary: bytes, timer: StageTimer
    ) -> tuple[str | Rejected, str]:
        """One image's caption, after the import batch that is on the device; its fingerprint.

        It runs where and as `model` does. Raises CaptionsUnavailable, and as `embed_image`.
        """
        captioner = await self._captioner(model)
        if captioner is None:
            raise self._no_captions()
        part = await self._one_part(body, boundary)
        timer.end("parse")
        whole = squashed(captioner.description.side_px)
        picture = await self._decoder.decode(part.data, whole, query=True)
        timer.end("decode")
        if isinstance(picture, Rejected):
            return picture, captioner.description.fingerprint
        steps = timed(captioner.batch([picture]), timer)
        (caption,) = await self._on_thread(steps, Priority.IMPORT)
        return caption, captioner.description.fingerprint

    async def _captioner(self, model: LoadedClip) -> LoadedCaptioner | None:
        description = model.description
        return await self.captioner_lifecycle.ready(
            device=description.device, dtype=description.dtype
        )

    async def embed_image(
        self, model: LoadedClip, body: Body, boundary: bytes, timer: StageTimer
    ) -> Vector | Rejected:
        """One image, before any import batch's next turn."""
        part = await self._one_part(body, boundary)
        timer.end("parse")
        picture = await self._decoder.decode(part.data, model.description.upload, query=True)
        timer.end("decode")
        if isinstance(picture, Rejected):
            return picture
        turn = timed(one_turn(lambda: model.turn([picture])), timer)
        (result,) = await self._on_thread(turn, Priority.QUERY)
        return result

    async def _one_part(self, body: Body, boundary: bytes) -> Part:
        stream = MultipartStream(boundary, self._part_limits(1))
        parts: list[Part] = []
        while (chunk := await body.next()) is not None:
            parts += stream.feed(chunk)
        stream.close()
        if not parts:
            raise ValidationProblem("The body holds no image.")
        _check_field(parts[0], IMAGE_FIELDS)
        return parts[0]

    async def embed_texts(
        self, model: LoadedClip, texts: Sequence[str], timer: StageTimer
    ) -> tuple[Vectors, list[bool]]:
        """The vectors, and of each text whether its end was cut off."""
        embedder = model.embedder

        def embedded() -> tuple[Vectors, list[bool]]:
            return embedder.embed_texts(texts), embedder.truncated(texts)

        return await self._on_thread(timed(one_turn(embedded), timer), Priority.QUERY)

    async def _receive(
        self, body: Body, boundary: bytes, decoding: BatchDecoding, max_parts: int
    ) -> None:
        limits = self._part_limits(2 * max_parts)  # each image may come with one for its caption
        stream = MultipartStream(boundary, limits)
        while (chunk := await body.next()) is not None:
            for part in stream.feed(chunk):
                if part.name in CAPTION_IMAGES_FIELDS:
                    decoding.add_caption_image(part)
                    continue
                _check_field(part, BATCH_FIELDS)
                if len(decoding.ids) == max_parts:
                    detail = f"The body has more than {max_parts} images."
                    raise TooManyParts(detail, limit=max_parts)
                decoding.add(part)
            await decoding.room()
        stream.close()

    async def _on_thread(self, steps: Steps[T], priority: Priority) -> T:
        try:
            return await self.thread.run(steps, priority=priority)
        except ModelThreadDiedError as exc:
            raise ModelFailed("The model thread has ended.") from exc

    def _part_limits(self, max_parts: int) -> PartLimits:
        limits = self.limits
        return PartLimits(max_parts, limits.max_part_bytes, limits.max_request_bytes)

    def _count(self, results: Sequence[Vector | Rejected | None], timer: StageTimer) -> None:
        metrics = self.metrics
        metrics.batches.inc()
        for result in results:
            done = "captioned" if result is None else "embedded"
            outcome = str(result.code) if isinstance(result, Rejected) else done
            metrics.images.labels(outcome).inc()
        metrics.queue_s.observe(timer.spans_s["queue"])
        metrics.model_s.observe(timer.spans_s["model"])


def _check_field(part: Part, names: frozenset[str]) -> None:
    if part.name not in names:
        wanted = " or ".join(sorted(names))
        raise MalformedMultipart(f"A part is named {part.name!r}; images are named {wanted}.")
