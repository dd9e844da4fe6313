"""The kind of jobs that captions images, with whom it may ask for words."""

from __future__ import annotations

from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.preview_rendering import RenderedPreviews
from ingestion_orchestration_fastapi_app.captions.by_service import ServiceCaptioner
from ingestion_orchestration_fastapi_app.captions.context import Concurrency
from ingestion_orchestration_fastapi_app.captions.job import CaptionImages
from ingestion_orchestration_fastapi_app.captions.pictures import CaptionPictures
from ingestion_orchestration_fastapi_app.composition.opened import Opened
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.captioner import CaptionerPort
from ingestion_orchestration_fastapi_app.ports.previews import PreviewCache
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.settings import Settings

SHARE = 4  # of the memory for files in flight, beside it
MOST_DECODED = 2  # at once; imports go on beside them
MOST_STORED = 256  # a group: so much is asked again after a kill at the most, unless it is cached


def caption_images(
    settings: Settings,
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
        captioners.append(ServiceCaptioner(pool, settings.batch_size))
    return CaptionImages(
        collections,
        pictures,
        captioners,
        Concurrency(
            load_workers, min(MOST_STORED, settings.store_group_rows), settings.store_linger_s
        ),
    )
