"""Health, and what this orchestrator can do."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import fail_after
from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits
from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    models_of,
    reference_capabilities,
)
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.contract import (
    API_PREFIX,
    Capabilities,
    CaptionerReply,
    ErrorCode,
    Health,
    InferenceService,
    InferenceState,
    InferenceSummary,
    OrchestratorCapabilities,
    OrchestratorHealth,
)

router = APIRouter(tags=["health"])

READY_S = 5.0


@router.get("/health/live", summary="Is the process there?")
async def health_live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/health/ready", summary="Can the service work?")
async def health_ready(services: AppStateDep) -> OrchestratorHealth:
    """The ledger answers. No inference service need: jobs wait for one."""
    with fail_after(READY_S):
        await services.ports.ledger.collections.list_all()
    await services.pool.refresh()
    endpoints = services.pool.endpoints
    return OrchestratorHealth(
        status="ok", detail=_why_none(endpoints), inference=_states(endpoints)
    )


@router.get(f"{API_PREFIX}/capabilities", dependencies=[READS], summary="What can be asked for?")
async def get_capabilities(services: AppStateDep) -> OrchestratorCapabilities:
    """Formats, folders and batches of this orchestrator, and its inference services."""
    settings = services.settings
    await services.pool.refresh()
    endpoints = services.pool.endpoints
    told = [one.capabilities for one in endpoints if one.capabilities is not None]
    up = [
        one.capabilities for one in endpoints if one.capabilities is not None and one.fault is None
    ]
    ml = reference_capabilities(up or told, fingerprint=None)
    captioning = reference_capabilities(up or told, fingerprint=None, captions=True)
    urls = [one.url for one in endpoints if ml is not None and one.capabilities is ml]
    wanted = settings.batch_size
    serving = [] if ml is None else _serving(endpoints, ml.clip.fingerprint)
    return OrchestratorCapabilities(
        safe_clip_batch=0 if ml is None else ml.safe_clip_batch,
        batch_size=wanted if ml is None else BatchLimits.of(ml, wanted_images=wanted).max_images,
        formats=services.formats,
        captions_available=captioning is not None
        and captioning.captions.available
        and not settings.disable_captions,
        captioners=() if settings.disable_captions else _captioners(settings, captioning),
        ingest_roots=tuple(display_text(root.path) for root in services.allowed.roots),
        inference=InferenceSummary(
            url=(urls or settings.ml_urls)[0],
            reachable=bool(up),
            detail=_why_none(endpoints),
            max_requests=sum(one.queue.limit for one in serving),
            max_images=sum(
                one.queue.limit * BatchLimits.of(one, wanted_images=wanted).max_images
                for one in serving
            ),
        ),
        inference_services=_states(endpoints),
        ml=ml,
    )


def _captioners(settings: Settings, told: Capabilities | None) -> tuple[CaptionerReply, ...]:
    """The service's is that of the first which makes captions, or else says why it does not."""
    said = None if told is None else told.captions
    service = CaptionerReply(
        name="service",
        available=said is not None and said.available,
        model=None if said is None else said.model,
        detail="no inference service answers" if said is None else said.detail,
    )
    if settings.caption_url is None:
        return (service,)
    endpoint = CaptionerReply(
        name="endpoint",
        available=True,
        model=settings.caption_model,
        recipient=settings.caption_url,
    )
    return endpoint, service


def _serving(endpoints: Sequence[Endpoint], fingerprint: str) -> list[Capabilities]:
    """What those say that a job of that model may use: their limits add up."""
    told = [one.capabilities_for(fingerprint) for one in endpoints if one.fault is None]
    return [one for one in told if one is not None]


def _why_none(endpoints: Sequence[Endpoint]) -> str | None:
    if any(one.fault is None for one in endpoints):
        return None
    if len(endpoints) == 1:
        return endpoints[0].fault
    return "; ".join(f"{one.url}: {one.fault}" for one in endpoints)


def _states(endpoints: Sequence[Endpoint]) -> tuple[InferenceService, ...]:
    up = (one for one in endpoints if one.capabilities is not None and one.fault is None)
    first = next(up, None)
    return tuple(_state(one, first) for one in endpoints)


def _state(one: Endpoint, first: Endpoint | None) -> InferenceService:
    """`first` is the first that answers: what runs another model than it is pointed out."""
    state, detail = InferenceState.READY, one.fault
    clip = None if one.capabilities is None else one.capabilities.clip
    theirs = None if first is None or first.capabilities is None else first.capabilities.clip
    if detail is not None:
        state = InferenceState.AWAY
    elif clip and first and theirs and one.capabilities_for(theirs.fingerprint) is None:
        state = InferenceState.OTHER_MODEL
        detail = (
            f"{ErrorCode.MODEL_MISMATCH}: it runs {clip.model}, {first.url} runs "
            f"{theirs.model}; a job uses those that run its collection's model"
        )
    return InferenceService(
        url=one.url,
        state=state,
        fingerprint=None if clip is None else clip.fingerprint,
        detail=detail,
        models=() if one.capabilities is None else models_of(one.capabilities),
        max_requests=0 if one.window is None else one.window.size,
    )
