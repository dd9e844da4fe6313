"""The endpoints that embed and caption. A body that comes gets a place, none gets one before."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from ml_inference_fastapi_app.api.replies import Encoding, batch_json, encoded
from ml_inference_fastapi_app.api.request_checks import (
    EngineOf,
    Fingerprint,
    ImageCount,
    batch_permit,
    check_count,
    query_permit,
)
from ml_inference_fastapi_app.errors import CaptionsUnavailable, ImageRefused, ModelMismatch
from ml_inference_fastapi_app.serving.stage_timer import StageTimer
from utils.contract import (
    API_PREFIX,
    BatchReply,
    CaptionReply,
    EmbedReply,
    EmbedTextReply,
    EmbedTextRequest,
)
from utils.problems import (
    GpuBusy,
    MalformedMultipart,
    MlUnavailable,
    ModelLoading,
    Rejected,
    UnsupportedMediaType,
    ValidationProblem,
)
from utils.web.access.security import KEY_READS
from utils.web.bodies.body_limit import media_type
from utils.web.bodies.multipart import boundary_of
from utils.web.disconnects import unless_client_leaves
from utils.web.openapi import json_body, multipart_body, problems
from utils.web.problem_responses import validation_text

router = APIRouter(tags=["inference"], dependencies=[KEY_READS])

_WORKING = (MalformedMultipart, GpuBusy, ModelLoading, MlUnavailable)


@router.post(
    f"{API_PREFIX}/batch_embed_and_caption",
    response_model=BatchReply,
    summary="Embed and caption a batch",
    responses=problems(*_WORKING, CaptionsUnavailable, ModelMismatch),
    openapi_extra=multipart_body(
        {
            "files": "The images. A part's filename is the id of its result; its header "
            "`X-Image-Turn` (EXIF's 1 to 8) turns what models see of it.",
            "caption_images": "With captions: the whole picture of the image in the next part, "
            "by the same filename.",
        },
        required="files",
        many=True,
    ),
)
async def batch_embed_and_caption(
    request: Request,
    engine: EngineOf,
    image_count: ImageCount = None,
    fingerprint: Fingerprint = None,
    captions: Annotated[bool, Query(description="Captions too, where they are available.")] = False,
    embeddings: Annotated[
        bool, Query(description="Off, with `captions`: captions alone. The images are sent whole.")
    ] = True,
    encoding_format: Annotated[
        Encoding,
        Query(description="Embeddings as lists of floats, or base64 of little-endian float32."),
    ] = "float",
    thumbnail_side_px: Annotated[
        int | None, Query(ge=64, le=1024, description="Thumbnails of RAWs, at most so long.")
    ] = None,
) -> Response:
    """Parts named `files`; a part's filename is its id. Results stand in the parts' order.

    With captions a part named `caption_images` (`wholes` in 0.1) may stand before an image that is
    cropped for CLIP: the whole picture, with the same filename. A failed caption is an error beside
    the embedding. Without embeddings a service that makes no captions refuses the batch.
    Who sends a RAW need not be able to decode it: its thumbnail may be asked for.
    """
    timer = StageTimer()
    if not (embeddings or captions):
        raise ValidationProblem("Nothing is asked for: neither embeddings nor captions.")
    with engine.models.using(fingerprint) as model:
        check_count(image_count, limit=model.safe_batch)
        boundary = boundary_of(request.headers.get("Content-Type"))
        images = image_count or model.safe_batch
        async with batch_permit(request, engine, images=images, speed=model.speed) as permitted:
            timer.end("admit")
            body, permit = permitted
            work = partial(
                engine.embed_batch,
                model,
                body,
                boundary,
                permit,
                timer,
                declared=image_count,
                captions=captions,
                embeddings=embeddings,
                thumbnail_side_px=thumbnail_side_px or 0,
            )
            outcome = await unless_client_leaves(request, work, body_end=body.ended.wait)
        answer = partial(batch_json, outcome, model.description.fingerprint, encoding_format)
        content = await anyio.to_thread.run_sync(answer, limiter=request.app.state.reply_threads)
    return Response(content, media_type="application/json", headers=timer.headers())


@router.post(
    f"{API_PREFIX}/embed",
    response_model=EmbedReply,
    summary="Embed one image",
    responses=problems(*_WORKING, ImageRefused, ModelMismatch),
    openapi_extra=multipart_body({"file": "The image."}, required="file"),
)
async def embed_image(
    request: Request, engine: EngineOf, fingerprint: Fingerprint = None
) -> Response:
    """One image, before any import batch's next turn."""
    timer = StageTimer()
    with engine.models.using(fingerprint) as model:
        boundary = boundary_of(request.headers.get("Content-Type"))
        async with query_permit(request, engine) as body:
            timer.end("admit")
            work = partial(engine.embed_image, model, body, boundary, timer)
            result = await unless_client_leaves(request, work, body_end=body.ended.wait)
        made_by = model.description.fingerprint
    if isinstance(result, Rejected):
        raise ImageRefused(result)
    reply = {"embedding": encoded(result, "float"), "fingerprint": made_by}
    return Response(json.dumps(reply), media_type="application/json", headers=timer.headers())


@router.post(
    f"{API_PREFIX}/embed_text",
    response_model=EmbedTextReply,
    summary="Embed texts",
    responses=problems(GpuBusy, ModelLoading, MlUnavailable, ModelMismatch),
    openapi_extra=json_body(EmbedTextRequest),
)
async def embed_text(
    request: Request, engine: EngineOf, fingerprint: Fingerprint = None
) -> Response:
    """Vectors that are near those of the images that the texts describe."""
    timer = StageTimer()
    with engine.models.using(fingerprint) as model:
        if media_type(request.headers.get("Content-Type", "")) != "application/json":
            raise UnsupportedMediaType("Send application/json.")
        async with query_permit(request, engine) as body:
            timer.end("admit")
            try:
                asked = EmbedTextRequest.model_validate_json(await body.read())
            except ValidationError as exc:
                raise ValidationProblem(validation_text(exc)) from exc
            timer.end("parse")
            work = partial(engine.embed_texts, model, asked.texts, timer)
            vectors, truncated = await unless_client_leaves(request, work, body_end=body.ended.wait)
        made_by = model.description.fingerprint
    reply = {
        "embeddings": vectors.tolist(),
        "fingerprint": made_by,
        "truncated": truncated,
    }
    return Response(json.dumps(reply), media_type="application/json", headers=timer.headers())


@router.post(
    f"{API_PREFIX}/caption",
    response_model=CaptionReply,
    summary="Caption one image",
    responses=problems(*_WORKING, CaptionsUnavailable, ImageRefused),
    openapi_extra=multipart_body({"file": "The image."}, required="file"),
)
async def caption_image(request: Request, response: Response, engine: EngineOf) -> CaptionReply:
    """One image's caption; queries overtake it between words."""
    timer = StageTimer()
    with engine.models.using(None) as model:  # a service that still loads says so first
        boundary = boundary_of(request.headers.get("Content-Type"))
        async with query_permit(request, engine) as body:
            timer.end("admit")
            work = partial(engine.caption_image, model, body, boundary, timer)
            said, fingerprint = await unless_client_leaves(request, work, body_end=body.ended.wait)
    if isinstance(said, Rejected):
        raise ImageRefused(said)
    response.headers.update(timer.headers())
    return CaptionReply(caption=said, fingerprint=fingerprint)
