"""What the service can do, and whether it can do it now."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter

from ml_inference_fastapi_app.api.request_checks import EngineOf
from ml_inference_fastapi_app.errors import ModelFailed
from ml_inference_fastapi_app.models.clip_models import ClipModels
from utils.contract import (
    API_PREFIX,
    HARD_MAX_BATCH,
    PPM_MEDIA_TYPE,
    RAW_MEDIA_TYPE,
    Capabilities,
    CaptionCapabilities,
    CaptionUpload,
    ClipCapabilities,
    ModelCapabilities,
    QueueCapabilities,
    UploadSpec,
)
from utils.contract import Health as HealthReply
from utils.problems import ModelLoading
from utils.web.access.security import KEY_READS
from utils.web.openapi import problems

router = APIRouter(tags=["health"])

ENCODINGS = (PPM_MEDIA_TYPE, "image/jpeg", RAW_MEDIA_TYPE, "image/*")


@router.get(
    f"{API_PREFIX}/capabilities",
    dependencies=[KEY_READS],
    summary="What can be asked for?",
    responses=problems(ModelLoading, ModelFailed),
)
async def get_capabilities(engine: EngineOf) -> Capabilities:
    """Of an unloaded model, too, which stays so: asking is not needing it."""
    default = engine.models.default
    known, admission, captioner_lifecycle = (
        default.known(),
        engine.admission,
        engine.captioner_lifecycle,
    )
    clip = known.description
    return Capabilities(
        safe_clip_batch=known.safe_batch,
        safe_blip_batch=captioner_lifecycle.safe_batch,
        recommended_batch=min(known.safe_batch, HARD_MAX_BATCH),
        max_request_bytes=engine.limits.max_request_bytes,
        upload=UploadSpec(
            clip=clip.upload,
            caption=CaptionUpload(side_px=captioner_lifecycle.side_px),
            encodings=ENCODINGS,
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
            sigmoid=clip.sigmoid,
        ),
        models=tuple(_listed(engine.models)),
        models_to_come=sum(
            one.fingerprint is None and one.is_wanted for one in engine.models.lifecycles
        ),
        captions=CaptionCapabilities(
            available=captioner_lifecycle.available,
            model=captioner_lifecycle.model,
            quantization=captioner_lifecycle.quantization,
            fingerprint=captioner_lifecycle.fingerprint,
            alone=True,
            detail=captioner_lifecycle.detail,
        ),
        device=clip.device,
        queue=QueueCapabilities(
            running=admission.running, waiting=admission.waiting, limit=admission.limit
        ),
        images_per_s=default.speed.images_per_s,
    )


def _listed(models: ClipModels) -> Iterator[ModelCapabilities]:
    """Those that were loaded once: before, nothing is known by which a request could name one."""
    for lifecycle in models.lifecycles:
        if (known := lifecycle.last_known) is None:
            continue
        clip = known.description
        yield ModelCapabilities(
            model=clip.model,
            weights=clip.weights,
            fingerprint=clip.fingerprint,
            dim=clip.dim,
            image_size=clip.image_size,
            trained=clip.trained,
            safe_clip_batch=known.safe_batch,
            upload=clip.upload,
            state=lifecycle.state,
            default=lifecycle is models.default,
            sigmoid=clip.sigmoid,
        )


@router.get("/health/live", summary="Is the process there?")
async def health_live() -> HealthReply:
    """The process answers; whether it can embed is what /health/ready says."""
    return HealthReply(status="ok")


@router.get(
    "/health/ready",
    summary="Can the service work?",
    responses=problems(ModelLoading, ModelFailed),
)
async def health_ready(engine: EngineOf) -> HealthReply:
    """200 after a canary inference on the model thread, or while the model is unloaded since nobody
    needed it; 503 with a code otherwise."""
    await engine.models.default.check()
    return HealthReply(status="ok")
