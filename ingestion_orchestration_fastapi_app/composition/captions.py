"""The kind of jobs that captions images, with whom it may ask for words."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx
import structlog
from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.caption_http.client import EndpointClient
from ingestion_orchestration_fastapi_app.adapters.caption_http.dialects import DIALECTS
from ingestion_orchestration_fastapi_app.adapters.caption_http.small_jpeg import small_jpeg
from ingestion_orchestration_fastapi_app.adapters.preview_rendering import RenderedPreviews
from ingestion_orchestration_fastapi_app.captions.by_endpoint import (
    CONTROL_SIDE_PX,
    EndpointCaptioner,
)
from ingestion_orchestration_fastapi_app.captions.by_service import ServiceCaptioner
from ingestion_orchestration_fastapi_app.captions.context import Concurrency
from ingestion_orchestration_fastapi_app.captions.job import CaptionImages
from ingestion_orchestration_fastapi_app.captions.pictures import CaptionPictures
from ingestion_orchestration_fastapi_app.composition.opened import Opened
from ingestion_orchestration_fastapi_app.domain.captions.instructions import (
    endpoint_fingerprint,
    instructions,
)
from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from ingestion_orchestration_fastapi_app.inference_pool.canary import gradient_jpeg
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.captioner import CaptionerPort
from ingestion_orchestration_fastapi_app.ports.previews import PreviewCache
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.settings import Settings

log = structlog.get_logger(__name__)

SHARE = 4  # of the memory for files in flight, beside it
MOST_DECODED = 2  # at once; imports go on beside them
MOST_STORED = 256  # captions a group


async def caption_images(
    settings: Settings,
    stack: AsyncExitStack,
    outside: Opened,
    collections: Collections,
    pool: InferencePool,
    previews: PreviewCache,
) -> CaptionImages:
    ports = outside.ports
    load_workers = min(MOST_DECODED, settings.decode_workers)
    pictures = CaptionPictures(
        ports.cache,
        previews,
        RenderedPreviews(
            CapacityLimiter(load_workers),
            outside.decoders,
            outside.threads,
            max_pixels=settings.max_image_pixels,
        ),
        ports.library,
        ports.preparation.picture_version,
        MemoryBudget(settings.max_inflight_bytes // SHARE),
        outside.allowed.allows,
    )
    captioners: list[CaptionerPort] = []
    if not settings.disable_captions:
        if settings.caption_url is not None:
            http = await stack.enter_async_context(_http_client(settings))
            captioners.append(_endpoint(settings, settings.caption_url, http))
        captioners.append(ServiceCaptioner(pool, settings.batch_size))
    return CaptionImages(
        collections,
        pictures,
        captioners,
        Concurrency(
            load_workers, min(MOST_STORED, settings.store_group_rows), settings.store_linger_s
        ),
    )


def _http_client(settings: Settings) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=settings.caption_concurrency + 1)  # and the control
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits)


def _endpoint(settings: Settings, url: str, http: httpx.AsyncClient) -> EndpointCaptioner:
    model = settings.caption_model
    assert model is not None, "the settings see to it"
    asked = instructions(
        settings.caption_prompt,
        language=settings.caption_language,
        most_words=settings.caption_max_words,
    )
    log.warning("caption_jobs_send_pictures", recipient=url, model=model)
    key = settings.caption_key
    client = EndpointClient(
        http,
        DIALECTS[settings.caption_api],
        url,
        model,
        asked,
        settings.caption_max_words,
        settings.caption_timeout_s,
        None if key is None else key.get_secret_value(),
    )
    return EndpointCaptioner(
        client,
        Captioner(endpoint_fingerprint(model, asked), model, url),
        small_jpeg,
        gradient_jpeg(CONTROL_SIDE_PX),
        settings.caption_side_px,
        settings.caption_concurrency,
    )
