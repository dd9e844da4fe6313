"""The endpoints. Each asks for admission before it reads a byte of its body."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from ml_inference_fastapi_app.engine import Engine
from ml_inference_fastapi_app.errors import ImageRefused
from ml_inference_fastapi_app.laps import Laps
from ml_inference_fastapi_app.multipart import boundary_of
from ml_inference_fastapi_app.replies import Encoding, batch_json, encoded
from ml_inference_fastapi_app.request_body import Body
from utils.contract import (
    API_PREFIX,
    HARD_MAX_BATCH,
    IMAGE_COUNT_HEADER,
    PPM_MEDIA_TYPE,
    RAW_MEDIA_TYPE,
    BatchReply,
    Capabilities,
    CaptionCapabilities,
    CaptionReply,
    CaptionUpload,
    ClipCapabilities,
    EmbedReply,
    EmbedTextReply,
    EmbedTextRequest,
    ProblemBody,
    QueueCapabilities,
    UploadSpec,
)
from utils.contract import Health as HealthReply
from utils.problems import BatchTooLarge, Rejected, ValidationProblem
from utils.web.problem_responses import readable

T = TypeVar("T")

router = APIRouter(
    responses={
        status: {"model": ProblemBody, "content": {"application/problem+json": {}}}
        for status in (400, 413, 429, 503)
    }
)

MAX_TEXT_BODY_BYTES = 1024 * 1024
ENCODINGS = (PPM_MEDIA_TYPE, "image/jpeg", RAW_MEDIA_TYPE, "image/*")


def _multipart_body(field: str, *, many: bool) -> dict[str, object]:
    """What the schema cannot derive, since the body is streamed."""
    file = {"type": "string", "format": "binary"}
    images = {"type": "array", "items": file} if many else file
    form = {"type": "object", "properties": {field: images}, "required": [field]}
    content = {"multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def _json_body(model: type[EmbedTextRequest]) -> dict[str, object]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


EngineOf = Annotated[Engine, Depends(_engine)]


@router.get(f"{API_PREFIX}/capabilities")
async def capabilities(engine: EngineOf) -> Capabilities:
    """Of an unloaded model, too, which stays so: asking is not needing it."""
    known, admission, captioning = engine.presence.known, engine.admission, engine.captioning
    clip = known.description
    return Capabilities(
        safe_clip_batch=known.safe_batch,
        safe_blip_batch=captioning.safe_batch,
        recommended_batch=min(known.safe_batch, HARD_MAX_BATCH),
        max_request_bytes=engine.limits.max_request_bytes,
        upload=UploadSpec(
            clip=clip.upload, caption=CaptionUpload(side_px=captioning.side_px), encodings=ENCODINGS
        ),
        clip=ClipCapabilities(
            model=clip.model,
            weights=clip.weights,
            dim=clip.dim,
            image_size=clip.image_size,
            fingerprint=clip.fingerprint,
            trained=clip.trained,
            dtype=clip.dtype,
            backend=clip.backend,
            compiled=clip.compiled,
        ),
        captions=CaptionCapabilities(
            available=captioning.available,
            model=captioning.model,
            quantization=captioning.quantization,
            fingerprint=captioning.fingerprint,
        ),
        device=clip.device,
        queue=QueueCapabilities(
            running=admission.running, waiting=admission.waiting, limit=admission.limit
        ),
        images_per_s=engine.speed.images_per_s,
    )


@router.post(
    f"{API_PREFIX}/batch_embed_and_caption",
    response_model=BatchReply,
    openapi_extra=_multipart_body("files", many=True),
)
async def batch_embed_and_caption(
    request: Request,
    engine: EngineOf,
    captions: Annotated[bool, Query(description="Captions too, where they are available.")] = False,
    encoding_format: Annotated[Encoding, Query()] = "float",
    thumbnail_side_px: Annotated[
        int | None, Query(ge=64, le=1024, description="Thumbnails of RAWs, at most so long.")
    ] = None,
) -> Response:
    """Parts named `files`; a part's filename is its id. Results stand in the parts' order.

    With captions a part named `wholes` may stand before an image that is cropped for CLIP: the
    whole picture, with the same filename. A failed caption is an error beside the embedding.
    Who sends a RAW need not be able to decode it: its thumbnail may be asked for.
    """
    laps = Laps()
    model = engine.model
    declared = _declared_images(request, limit=model.safe_batch)
    _check_length(request, limit=engine.limits.max_request_bytes)
    boundary = boundary_of(request.headers.get("Content-Type"))
    with engine.admission.batch(declared or model.safe_batch) as place:
        laps.end("admit")
        body = _body(request, engine)
        work = partial(
            engine.embed_batch,
            body,
            boundary,
            place,
            laps,
            declared=declared,
            captions=captions,
            thumbnail_side_px=thumbnail_side_px or 0,
        )
        outcome = await _unless_client_leaves(request, body, work)
    answer = partial(batch_json, outcome, model.description.fingerprint, encoding_format)
    content = await anyio.to_thread.run_sync(answer, limiter=request.app.state.reply_threads)
    return Response(content, media_type="application/json", headers=laps.headers())


@router.post(
    f"{API_PREFIX}/embed",
    response_model=EmbedReply,
    openapi_extra=_multipart_body("file", many=False),
)
async def embed(request: Request, engine: EngineOf) -> Response:
    """One image, before any import batch's next turn."""
    laps = Laps()
    model = engine.model
    _check_length(request, limit=engine.limits.max_part_bytes)
    boundary = boundary_of(request.headers.get("Content-Type"))
    with engine.admission.query():
        laps.end("admit")
        body = _body(request, engine)
        work = partial(engine.embed_image, body, boundary, laps)
        result = await _unless_client_leaves(request, body, work)
    if isinstance(result, Rejected):
        raise ImageRefused(result)
    reply = {"embedding": encoded(result, "float"), "fingerprint": model.description.fingerprint}
    return Response(json.dumps(reply), media_type="application/json", headers=laps.headers())


@router.post(
    f"{API_PREFIX}/embed_text",
    response_model=EmbedTextReply,
    openapi_extra=_json_body(EmbedTextRequest),
)
async def embed_text(request: Request, engine: EngineOf) -> Response:
    laps = Laps()
    model = engine.model
    _check_length(request, limit=MAX_TEXT_BODY_BYTES)
    with engine.admission.query():
        laps.end("admit")
        body = _body(request, engine)
        try:
            asked = EmbedTextRequest.model_validate_json(
                await body.read(max_bytes=MAX_TEXT_BODY_BYTES)
            )
        except ValidationError as exc:
            raise ValidationProblem(readable(exc)) from exc
        laps.end("parse")
        work = partial(engine.embed_texts, asked.texts, laps)
        vectors = await _unless_client_leaves(request, body, work)
    reply = {"embeddings": vectors.tolist(), "fingerprint": model.description.fingerprint}
    return Response(json.dumps(reply), media_type="application/json", headers=laps.headers())


@router.post(
    f"{API_PREFIX}/caption",
    response_model=CaptionReply,
    openapi_extra=_multipart_body("file", many=False),
)
async def caption(request: Request, response: Response, engine: EngineOf) -> CaptionReply:
    """One image's caption; queries overtake it between words."""
    laps = Laps()
    engine.model  # noqa: B018  # a service that still loads says so first
    _check_length(request, limit=engine.limits.max_part_bytes)
    boundary = boundary_of(request.headers.get("Content-Type"))
    with engine.admission.query():
        laps.end("admit")
        body = _body(request, engine)
        work = partial(engine.caption_image, body, boundary, laps)
        said, fingerprint = await _unless_client_leaves(request, body, work)
    if isinstance(said, Rejected):
        raise ImageRefused(said)
    response.headers.update(laps.headers())
    return CaptionReply(caption=said, fingerprint=fingerprint)


@router.get("/health/live")
async def live() -> HealthReply:
    """The process answers; whether it can embed is what /health/ready says."""
    return HealthReply(status="ok")


@router.get("/health/ready")
async def ready(engine: EngineOf) -> HealthReply:
    """200 after a canary inference on the model thread, or while the model is unloaded since nobody
    needed it; 503 with a code otherwise."""
    await engine.presence.check()
    return HealthReply(status="ok")


def _declared_images(request: Request, *, limit: int) -> int | None:
    text = request.headers.get(IMAGE_COUNT_HEADER)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise ValidationProblem(f"{IMAGE_COUNT_HEADER} must be a whole number from 1.")
    if int(text[:9]) > limit:
        raise BatchTooLarge(f"A batch may hold {limit} images.", limit=limit)
    return int(text)


def _check_length(request: Request, *, limit: int) -> None:
    """A body without a declared length is bounded while it is read."""
    text = request.headers.get("Content-Length", "")
    if text.isdecimal() and int(text) > limit:
        raise BatchTooLarge(f"The body may have {limit} bytes.", limit=limit)


def _body(request: Request, engine: Engine) -> Body:
    return Body(request.stream(), timeout_s=engine.limits.upload_timeout_s)


async def _unless_client_leaves(
    request: Request, body: Body, work: Callable[[], Awaitable[T]]
) -> T:
    """Cancels the work when the client hangs up, so that its place is free for another.

    Raises what the work raises, or ClientDisconnect.
    """
    done: list[T] = []
    failure: Exception | None = None

    async def watch() -> None:
        await body.ended.wait()  # until then the work itself hears of it
        while (await request.receive())["type"] != "http.disconnect":
            pass
        tg.cancel_scope.cancel()

    async with anyio.create_task_group() as tg:
        tg.start_soon(watch)
        try:
            done.append(await work())
        except Exception as exc:  # noqa: BLE001  # raised below, outside the group
            failure = exc
        tg.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if not done:
        raise ClientDisconnect
    return done[0]
