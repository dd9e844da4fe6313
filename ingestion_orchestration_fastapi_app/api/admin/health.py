"""Health, and what this orchestrator can do."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import fail_after
from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits
from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import lead
from ingestion_orchestration_fastapi_app.inference_pool.health import Seen
from utils.contract import (
    API_PREFIX,
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
    seen = await services.watch.look()
    return OrchestratorHealth(status="ok", detail=_why_none(seen), inference=_states(seen))


@router.get(f"{API_PREFIX}/capabilities", dependencies=[READS], summary="What can be asked for?")
async def get_capabilities(services: AppStateDep) -> OrchestratorCapabilities:
    """Formats, folders and batches of this orchestrator, and its inference services."""
    settings = services.settings
    seen = await services.watch.look()
    told = [one.told for one in seen if one.told is not None]
    up = [one.told for one in seen if one.told is not None and one.fault is None]
    ml = lead(up or told, fingerprint=None)
    captioning = lead(up or told, fingerprint=None, captions=True)
    urls = [one.service.url for one in seen if ml is not None and one.told is ml]
    wanted = settings.batch_size
    return OrchestratorCapabilities(
        safe_clip_batch=0 if ml is None else ml.safe_clip_batch,
        batch_size=wanted if ml is None else BatchLimits.of(ml, wanted_images=wanted).max_images,
        formats=services.formats,
        captions_available=captioning is not None
        and captioning.captions.available
        and not settings.disable_captions,
        ingest_roots=tuple(display_text(root.path) for root in services.allowed.roots),
        inference=InferenceSummary(
            url=(urls or settings.ml_urls)[0], reachable=bool(up), detail=_why_none(seen)
        ),
        inference_services=_states(seen),
        ml=ml,
    )


def _why_none(seen: Sequence[Seen]) -> str | None:
    if any(one.fault is None for one in seen):
        return None
    if len(seen) == 1:
        return seen[0].fault
    return "; ".join(f"{one.service.url}: {one.fault}" for one in seen)


def _states(seen: Sequence[Seen]) -> tuple[InferenceService, ...]:
    first = next((one for one in seen if one.told is not None and one.fault is None), None)
    return tuple(_state(one, first) for one in seen)


def _state(one: Seen, first: Seen | None) -> InferenceService:
    """`first` is the first that answers: what runs another model than it is pointed out."""
    state, detail = InferenceState.READY, one.fault
    clip = None if one.told is None else one.told.clip
    if detail is not None:
        state = InferenceState.AWAY
    elif clip and first and first.told and clip.fingerprint != first.told.clip.fingerprint:
        state = InferenceState.OTHER_MODEL
        detail = (
            f"{ErrorCode.MODEL_MISMATCH}: it runs {clip.model}, {first.service.url} runs "
            f"{first.told.clip.model}; a job uses those that run its collection's model"
        )
    return InferenceService(
        url=one.service.url,
        state=state,
        fingerprint=None if clip is None else clip.fingerprint,
        detail=detail,
    )
