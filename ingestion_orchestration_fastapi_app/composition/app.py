"""Puts together everything that the orchestrator works with, from settings to what the routes
need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import httpx
from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.content_cache.preview_cache import (
    open_preview_cache,
)
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import free_bytes
from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import local_secret
from ingestion_orchestration_fastapi_app.adapters.gazetteer.gazetteer import CityFile
from ingestion_orchestration_fastapi_app.adapters.local_files.stored_file import open_stored
from ingestion_orchestration_fastapi_app.adapters.preview_rendering import RenderedPreviews
from ingestion_orchestration_fastapi_app.api.admin.sessions import Sessions
from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.jobs.event_stream import Listeners
from ingestion_orchestration_fastapi_app.composition.captions import caption_images
from ingestion_orchestration_fastapi_app.composition.job_kinds import job_kinds
from ingestion_orchestration_fastapi_app.composition.opened import opened
from ingestion_orchestration_fastapi_app.composition.sidecars import sidecar_writing
from ingestion_orchestration_fastapi_app.composition.system import system_reports
from ingestion_orchestration_fastapi_app.domain.access.login_attempts import Attempts
from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashLimits
from ingestion_orchestration_fastapi_app.gauges import show_gauges
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.annotations.album_pages import AlbumPages
from ingestion_orchestration_fastapi_app.library.annotations.albums import Albums
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Browsing
from ingestion_orchestration_fastapi_app.library.catalogue.image_tables import ImageTables
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.duplicates.shown_duplicates import (
    ShownDuplicates,
)
from ingestion_orchestration_fastapi_app.library.folders.excluding import FolderExcluding
from ingestion_orchestration_fastapi_app.library.folders.marking import FolderMarking
from ingestion_orchestration_fastapi_app.library.folders.on_disk import FoldersOnDisk
from ingestion_orchestration_fastapi_app.library.forgetting import Forgetting
from ingestion_orchestration_fastapi_app.library.indexing.upkeep import IndexUpkeep
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.pictures.archives import Archives
from ingestion_orchestration_fastapi_app.library.pictures.originals import Originals
from ingestion_orchestration_fastapi_app.library.pictures.placeholders import Placeholders
from ingestion_orchestration_fastapi_app.library.pictures.previews import Previews
from ingestion_orchestration_fastapi_app.library.pictures.stored_images import StoredImages
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.library.searching.sentences import SentenceSearch
from ingestion_orchestration_fastapi_app.library.stale_points import StalePoints
from ingestion_orchestration_fastapi_app.library.table_sizes import TableSizes
from ingestion_orchestration_fastapi_app.library.trash.restoring import Restoring
from ingestion_orchestration_fastapi_app.library.uploads.uploads import Uploads
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.system.shown_settings import secrets_of
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlans
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from utils.imaging.formats import Format, has_image_extension
from utils.web.log_ring import kept_log_lines

BLOCKING_THREADS = 8
THUMBNAIL_SHARE = 4  # of the memory for files in flight, beside it
PREVIEW_SHARE = 4
MOST_PREVIEWS = 4  # decoded at once; imports go on beside them


async def composed(
    settings: Settings,
    stack: AsyncExitStack,
    ml_transport: httpx.AsyncBaseTransport | None,
    around: Callable[[Ports], Ports] | None,
    metrics: WorkMetrics,
) -> AppState:
    """Opens everything, in the order in which it must be closed again, last first."""
    log_lines = stack.enter_context(kept_log_lines(hide=secrets_of(settings)))
    outside = await opened(settings, stack, ml_transport, metrics)
    if around is not None:
        outside = replace(outside, ports=around(outside.ports))
    ports, allowed, threads = outside.ports, outside.allowed, outside.threads
    secret = stack.enter_context(local_secret(settings.data_dir))
    await allowed.load(ports.ledger.allowed_roots)
    limits = TrashLimits(settings.trash_days, settings.trash_bytes)
    known_collections = Collections(ports.ledger, ports.store, ports.words, trash=limits)
    await known_collections.check_all()
    forgetting = Forgetting(
        known_collections,
        ports.ledger,
        ports.store,
        reader_version=ports.preparation.reader_version,
    )
    await forgetting.finish_all()
    folder_marking = FolderMarking(known_collections, ports.ledger)
    folder_excluding = FolderExcluding(
        known_collections,
        ports.ledger,
        ports.store,
        reader_version=ports.preparation.reader_version,
    )
    await folder_excluding.finish_all()
    restoring = Restoring(known_collections, ports.ledger, ports.store)
    pool = InferencePool(ports.inference)
    judging = Judging(ports.ledger.calibrations, ports.store)
    words_filling = WordsFilling(ports.ledger, ports.store, known_collections.words, ports.cache)
    images = StoredImages(
        known_collections, ports.ledger.catalogue, ports.store, is_allowed=allowed.allows
    )
    thumbnails = Thumbnails(
        ports.cache,
        ports.library,
        ports.preparation,
        MemoryBudget(settings.max_inflight_bytes // THUMBNAIL_SHARE),
        pool,
    )
    originals = Originals(known_collections, ports.ledger.files, open_stored, threads=threads)
    preview_cache = await stack.enter_async_context(
        open_preview_cache(settings.cache_location, limit_bytes=settings.preview_cache_bytes)
    )
    previews = Previews(
        preview_cache,
        ports.library,
        RenderedPreviews(
            CapacityLimiter(MOST_PREVIEWS),
            outside.decoders,
            threads,
            max_pixels=settings.max_image_pixels,
        ),
        MemoryBudget(settings.max_inflight_bytes // PREVIEW_SHARE),
        at_once=min(MOST_PREVIEWS, settings.decode_workers),
    )
    calibrating = Calibrating(ports.ledger, ports.store, pool, known_collections, judging)
    conditions = LedgerConditions(
        ports.ledger.captions, ports.ledger.annotations, ports.ledger.albums
    )
    captioning = await caption_images(
        settings, stack, outside, known_collections, pool, preview_cache
    )
    import_plans = ImportPlans(ports.exports, allowed)
    search = Search(
        known_collections,
        ports.store,
        pool,
        conditions=conditions,
        judging=judging,
        templating=Templating(ports.ledger.calibrations, default=settings.search_templates),
        shown=allowed.shown,
        query_timeout_s=settings.ml_query_timeout_s,
    )
    kinds = job_kinds(
        settings,
        outside,
        known_collections,
        pool,
        thumbnails,
        words_filling,
        calibrating,
        judging,
        captioning,
        conditions,
        restoring,
        import_plans,
        search,
    )
    scheduler = JobScheduler(
        ports,
        kinds,
        max_running=settings.max_running_jobs,
        max_waiting=settings.max_queued_jobs,
    )
    gazetteer = CityFile()
    browsing = Browsing(known_collections, ports.ledger.browsing, ports.store, shown=allowed.shown)
    table_sizes = TableSizes(ports.ledger.collections, ports.store, ports.ledger.trash)
    show_gauges(metrics.gauges, scheduler, table_sizes, ports.budget, pool)
    return AppState(
        settings=settings,
        ports=ports,
        collections=known_collections,
        words_filling=words_filling,
        calibrating=calibrating,
        index_upkeep=IndexUpkeep(ports.ledger, ports.store, known_collections.words),
        scheduler=scheduler,
        watching=Watching(
            ports.ledger.collections,
            ChangeScan(
                ports.ledger.files, ports.ledger.folders, ports.library, has_image_extension
            ),
            scheduler,
            outside.events,
            is_allowed=allowed.allows,
            captions=not settings.disable_captions,
            debounce_s=settings.watch_debounce_s,
            rescan_s=settings.watch_rescan_s,
        ),
        browsing=browsing,
        image_tables=ImageTables(known_collections, browsing, images, gazetteer),
        albums=Albums(ports.ledger.albums, known_collections),
        album_pages=AlbumPages(ports.ledger.albums, browsing),
        sidecar_writing=sidecar_writing(outside, known_collections),
        search=search,
        sentences=SentenceSearch(search, gazetteer),
        images=images,
        thumbnails=thumbnails,
        previews=previews,
        placeholders=Placeholders(ports.ledger, ports.cache, ports.preparation.picture_version),
        stale_points=StalePoints(ports.ledger.files),
        pool=pool,
        allowed=allowed,
        is_same_user=secret.is_given,
        free_bytes=partial(free_bytes, settings.data_dir),
        is_image_name=has_image_extension,
        formats=tuple(sorted(Format)),
        blocking=CapacityLimiter(BLOCKING_THREADS),
        root_threads=threads,
        table_sizes=table_sizes,
        system=await system_reports(settings, log_lines, ports, scheduler),
        originals=originals,
        import_plans=import_plans,
        archives=Archives(images, originals),
        forgetting=forgetting,
        folder_marking=folder_marking,
        folder_excluding=folder_excluding,
        folders_on_disk=FoldersOnDisk(
            allowed, outside.folders, ports.ledger.browsing, ports.ledger.jobs
        ),
        restoring=restoring,
        uploads=Uploads(
            outside.inbox,
            ports.ledger,
            known_collections,
            scheduler,
            max_bytes=settings.max_upload_bytes,
            today=lambda: datetime.now(UTC).date(),
        ),
        duplicates=ShownDuplicates(
            known_collections, ports.ledger, ports.store, shown=allowed.shown
        ),
        listeners=Listeners(),
        attempts=Attempts(),
        sessions=None
        if settings.api_key is None
        else Sessions(ports.ledger.sessions, settings.api_key),
    )
