"""Health, and what this orchestrator can do."""

from __future__ import annotations

from anyio import fail_after
from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.services import Wired
from ingestion_orchestration_fastapi_app.core.batching import BatchLimits
from ingestion_orchestration_fastapi_app.core.identity import display_text
from utils.contract import (
    API_PREFIX,
    Health,
    InferenceSummary,
    OrchestratorCapabilities,
)

router = APIRouter(tags=["health"])

READY_S = 5.0


@router.get("/health/live")
async def live() -> Health:
    return Health(status="ok")


@router.get("/health/ready")
async def ready(services: Wired) -> Health:
    """The ledger answers. The inference service need not: jobs wait for it."""
    with fail_after(READY_S):
        await services.ports.ledger.collections()
    _capabilities, fault = await services.watch.look()
    return Health(status="ok", detail=fault)


@router.get(f"{API_PREFIX}/capabilities")
async def capabilities(services: Wired) -> OrchestratorCapabilities:
    settings = services.settings
    ml, fault = await services.watch.look()
    wanted = settings.batch_size
    return OrchestratorCapabilities(
        safe_clip_batch=0 if ml is None else ml.safe_clip_batch,
        batch_size=wanted if ml is None else BatchLimits.of(ml, wanted_images=wanted).max_images,
        formats=services.formats,
        captions_available=ml is not None
        and ml.captions.available
        and not settings.disable_captions,
        ingest_roots=tuple(display_text(bytes(root)) for root in settings.ingest_roots),
        inference=InferenceSummary(
            url=settings.ml_inference_service_url, reachable=fault is None, detail=fault
        ),
        ml=ml,
    )
