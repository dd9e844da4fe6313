"""Opens everything that the orchestrator works with, from settings to what the routes need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import httpx
from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.content_cache.preview_cache import (
    open_preview_cache,
)
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    LEDGER_NAME,
    free_bytes,
    locked_data_folder,
    prepared_cache,
    prepared_store,
)
from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import local_secret
from ingestion_orchestration_fastapi_app.adapters.gazetteer.gazetteer import CityFile
from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inference_http.client import InferenceClient
from ingestion_orchestration_fastapi_app.adapters.inotify.folder_watch import InotifyEvents
from ingestion_orchestration_fastapi_app.adapters.lance import BuildLimits, LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.adapters.local_files.directories import (
    allowed_folders,
    checked_directory,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import MountPoints
from ingestion_orchestration_fastapi_app.adapters.local_files.stored_file import open_stored
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import read_text
from ingestion_orchestration_fastapi_app.adapters.preview_rendering import RenderedPreviews
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.api.admin.sessions import Sessions
from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.jobs.event_stream import Listeners
from ingestion_orchestration_fastapi_app.domain.access.login_attempts import Attempts
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.evaluation.job import Evaluate
from ingestion_orchestration_fastapi_app.evaluation.named_files import NamedFiles
from ingestion_orchestration_fastapi_app.gauges import show_gauges
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency
from ingestion_orchestration_fastapi_app.ingest.job import Ingest
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Browsing
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.forgetting import Forgetting
from ingestion_orchestration_fastapi_app.library.indexing.upkeep import IndexUpkeep
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.pictures.archives import Archives
from ingestion_orchestration_fastapi_app.library.pictures.originals import Originals
from ingestion_orchestration_fastapi_app.library.pictures.previews import Previews
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.library.searching.sentences import SentenceSearch
from ingestion_orchestration_fastapi_app.library.stale_points import StalePoints
from ingestion_orchestration_fastapi_app.library.table_sizes import TableSizes
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from ingestion_orchestration_fastapi_app.reembed.job import Reembed
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.verify.job import Verify
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from utils.imaging.formats import Format, has_image_extension
from utils.sandbox.pool import DecoderPool

BLOCKING_THREADS = 8
LAST_PASS_SHARE = 8  # of the memory for files in flight, beside it
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
    stack.enter_context(locked_data_folder(settings.data_dir))
    prepared_store(settings.store_location)
    prepared_cache(settings.cache_location)
    ledger = await stack.enter_async_context(open_ledger(settings.data_dir / LEDGER_NAME))
    cache = await stack.enter_async_context(
        open_content_cache(
            settings.cache_location,
            vector_limit_bytes=settings.vector_cache_bytes,
            picture_limit_bytes=settings.picture_cache_bytes,
        )
    )
    store = LanceStore(
        settings.store_location,
        index_threshold_rows=settings.index_threshold_rows,
        index_cache_bytes=settings.index_cache_bytes,
        build_limits=BuildLimits(settings.index_build_memory_bytes, settings.index_build_timeout_s),
    )
    stack.push_async_callback(store.aclose)
    http = await stack.enter_async_context(
        httpx.AsyncClient(transport=ml_transport, trust_env=False)
    )
    decoders = await stack.enter_async_context(
        DecoderPool(
            workers=settings.decode_workers,
            timeout_s=settings.decode_timeout_s,
            memory_bytes=settings.decode_memory_bytes,
        )
    )
    blocking = CapacityLimiter(BLOCKING_THREADS)
    folders = allowed_folders(
        settings.ingest_roots,
        is_bound="ingest_roots" in settings.model_fields_set,
        own=settings.own_folders,
    )
    mounts = MountPoints()

    def root_of(path: bytes) -> bytes:
        return max([mounts.above(path), *allowed.above(path)], key=len)

    threads = RootThreads(root_of, each=settings.hash_workers * 2)
    allowed = AllowedRoots(folders, checked=checked_directory, threads=threads)
    rules = ExcludeRules(settings.exclude_patterns, own=folders.own)
    events = await stack.enter_async_context(InotifyEvents(rules))
    ports = Ports(
        ledger=ledger,
        store=store,
        words=LanceWords(store.database),
        cache=cache,
        library=LocalFiles(
            threads,
            max_file_bytes=settings.max_file_bytes,
            rules=rules,
            is_allowed=allowed.allows,
        ),
        preparation=ImagePreparation(
            CapacityLimiter(settings.decode_workers),
            decoders,
            threads,
            max_pixels=settings.max_image_pixels,
            thumbnail_side_px=settings.thumbnail_side_px,
            encoding=settings.ml_upload_encoding,
        ),
        inference=tuple(
            InferenceClient(
                http,
                url=url,
                threads=threads,
                request_timeout_s=settings.ml_request_timeout_s,
                query_timeout_s=settings.ml_query_timeout_s,
                api_key=settings.ml_key,
                thumbnail_side_px=settings.thumbnail_side_px,
            )
            for url in settings.ml_urls
        ),
        budget=MemoryBudget(settings.max_inflight_bytes),
        metrics=metrics,
    )
    if around is not None:
        ports = around(ports)
    secret = stack.enter_context(local_secret(settings.data_dir))
    await allowed.load(ports.ledger.allowed_roots)
    known_collections = Collections(ports.ledger, ports.store, ports.words)
    await known_collections.check_all()
    forgetting = Forgetting(
        known_collections,
        ports.ledger,
        ports.store,
        reader_version=ports.preparation.reader_version,
    )
    await forgetting.finish_all()
    pool = InferencePool(ports.inference)
    concurrency = Concurrency(
        read_workers=settings.hash_workers,
        decode_workers=settings.decode_workers,
        batch_images=settings.batch_size,
        store_rows=settings.store_group_rows,
        store_linger_s=settings.store_linger_s,
        delete_guard_percent=settings.delete_guard_percent,
    )
    judging = Judging(ports.ledger.calibrations, ports.store)
    words_filling = WordsFilling(ports.ledger, ports.store, known_collections.words, ports.cache)
    thumbnails = Thumbnails(
        known_collections,
        ports.store,
        ports.cache,
        ports.library,
        ports.preparation,
        MemoryBudget(settings.max_inflight_bytes // THUMBNAIL_SHARE),
        pool,
        is_allowed=allowed.allows,
    )
    originals = Originals(known_collections, ports.ledger.files, open_stored, threads=threads)
    previews = Previews(
        await stack.enter_async_context(
            open_preview_cache(settings.cache_location, limit_bytes=settings.preview_cache_bytes)
        ),
        ports.library,
        RenderedPreviews(
            CapacityLimiter(MOST_PREVIEWS), decoders, threads, max_pixels=settings.max_image_pixels
        ),
        MemoryBudget(settings.max_inflight_bytes // PREVIEW_SHARE),
        at_once=min(MOST_PREVIEWS, settings.decode_workers),
    )
    ingesting = Ingest(ports, known_collections, pool, concurrency)
    reembedding = Reembed(
        ports,
        known_collections,
        pool,
        concurrency,
        ingesting.gate,
        MemoryBudget(settings.max_inflight_bytes // LAST_PASS_SHARE),
    )
    calibrating = Calibrating(ports.ledger, ports.store, pool, known_collections, judging)
    captions = NamedFiles(allowed, threads, read_text)
    scheduler = JobScheduler(
        ports,
        Kinds(
            [
                ingesting.kind,
                reembedding.kind,
                Verify(known_collections, thumbnails, words_filling).kind,
                Evaluate(known_collections, pool, calibrating, judging, captions.text).kind,
            ]
        ),
        max_running=settings.max_running_jobs,
        max_waiting=settings.max_queued_jobs,
    )
    search = Search(
        known_collections,
        ports.store,
        pool,
        conditions=LedgerConditions(ports.ledger.captions, ports.ledger.annotations),
        judging=judging,
        shown=allowed.shown,
        query_timeout_s=settings.ml_query_timeout_s,
    )
    table_sizes = TableSizes(ports.ledger.collections, ports.store)
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
            events,
            is_allowed=allowed.allows,
            captions=not settings.disable_captions,
            debounce_s=settings.watch_debounce_s,
            rescan_s=settings.watch_rescan_s,
        ),
        browsing=Browsing(
            known_collections, ports.ledger.browsing, ports.store, shown=allowed.shown
        ),
        search=search,
        sentences=SentenceSearch(search, CityFile()),
        thumbnails=thumbnails,
        previews=previews,
        stale_points=StalePoints(ports.ledger.files),
        pool=pool,
        allowed=allowed,
        is_same_user=secret.is_given,
        free_bytes=partial(free_bytes, settings.data_dir),
        is_image_name=has_image_extension,
        formats=tuple(sorted(Format)),
        blocking=blocking,
        root_threads=threads,
        table_sizes=table_sizes,
        originals=originals,
        archives=Archives(thumbnails, originals),
        forgetting=forgetting,
        listeners=Listeners(),
        attempts=Attempts(),
        sessions=None
        if settings.api_key is None
        else Sessions(ports.ledger.sessions, settings.api_key),
    )
