"""Composition root of the orchestrator: settings in, application out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import structlog
from anyio import CapacityLimiter, create_task_group
from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    LEDGER_NAME,
    free_bytes,
    locked_data_folder,
    prepared_cache,
    prepared_store,
)
from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import local_secret
from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inference_http.client import InferenceClient
from ingestion_orchestration_fastapi_app.adapters.inotify.folder_watch import InotifyEvents
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.local_files.directories import (
    allowed_folders,
    checked_directory,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.stored_file import open_stored
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.api.admin import allowed_roots, health, session
from ingestion_orchestration_fastapi_app.api.admin.allowed_roots import LocalSecretHeader
from ingestion_orchestration_fastapi_app.api.admin.sessions import SessionCookie, Sessions
from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.document import ABOUT, TAGS
from ingestion_orchestration_fastapi_app.api.jobs import ingest, jobs
from ingestion_orchestration_fastapi_app.api.jobs.event_stream import Listeners
from ingestion_orchestration_fastapi_app.api.library import collections, images, roots, search
from ingestion_orchestration_fastapi_app.api.security import cookie_name, name_cookie
from ingestion_orchestration_fastapi_app.domain.access.login_attempts import Attempts
from ingestion_orchestration_fastapi_app.domain.files.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.inference_pool.health import MlWatch
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency
from ingestion_orchestration_fastapi_app.ingest.job import Ingest
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.retention import prune_job_history
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.originals import Originals
from ingestion_orchestration_fastapi_app.library.search import Search
from ingestion_orchestration_fastapi_app.library.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from utils.contract import API_PREFIX
from utils.imaging.formats import Format, has_image_extension
from utils.problems import Problem
from utils.process.allocator import keep_giving_back
from utils.sandbox.pool import DecoderPool
from utils.web.access.security import OpenPaths
from utils.web.access.security_headers import PAGE_POLICY
from utils.web.bodies.body_limit import BodyLimit
from utils.web.bodies.held_bodies import HeldBodies
from utils.web.install import install_web
from utils.web.openapi import describe, operation_id
from utils.web.routing.unknown_parameters import only_known_parameters

log = structlog.get_logger(__name__)

UI_FOLDER = Path(__file__).parent / "ui"
UPLOADS = {f"{API_PREFIX}/search/image": 65 * 1024 * 1024}
BLOCKING_THREADS = 8


def create_app(
    settings: Settings,
    *,
    ml_transport: httpx.AsyncBaseTransport | None = None,
    around: Callable[[Ports], Ports] | None = None,
) -> FastAPI:
    """The application; nothing is opened before its lifespan.

    `ml_transport` replaces the network on the way to the inference service. `around` gives the
    ports that are used in place of the real ones, before anything is asked of them.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                app.state.services = await _wired(settings, stack, ml_transport, around)
            except Problem as exc:
                sys.stderr.write(f"{exc.code}: {exc.detail}\n")
                raise
            except Exception:
                log.exception("start_failed")
                raise
            async with create_task_group() as tg:
                services = app.state.services
                await tg.start(services.scheduler.serve)
                await tg.start(services.watching.serve)
                tg.start_soon(keep_giving_back)
                tg.start_soon(
                    partial(
                        prune_job_history, services.ports.ledger, days=settings.job_history_days
                    )
                )
                yield
                tg.cancel_scope.cancel()  # jobs go on at the next start

    app = FastAPI(
        title="Photoseek orchestrator",
        lifespan=lifespan,
        docs_url=None,  # `install_web` serves a page of its own
        redoc_url=None,
        generate_unique_id_function=operation_id,
        form_limits={"max_files": 1, "max_fields": 64, "max_part_size": 64 * 1024},
    )
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_json_bytes,
        uploads=UPLOADS,
        held_uploads=HeldBodies(settings.max_held_upload_bytes),
    )
    install_web(
        app,
        service="orchestrator",
        api_key=settings.api_key,
        registry=CollectorRegistry(),
        allowed_hosts=settings.allowed_hosts,
        trusted_origins=frozenset(settings.cors_origins),
        root_path=settings.root_path,
        checkers=[SessionCookie(cookie_name(settings.orchestrator_port)), LocalSecretHeader()],
        open_paths=OpenPaths(calls=frozenset({("POST", session.SESSION_PATH)})),
    )
    routes = (ingest, jobs, collections, roots, allowed_roots, search, images, session, health)
    for resource in routes:
        app.include_router(resource.router, dependencies=[Depends(only_known_parameters)])
    app.add_api_route("/", _page, include_in_schema=False)
    describe(app, about=ABOUT, tags=TAGS)
    name_cookie(app, settings.orchestrator_port)
    app.mount("/static", StaticFiles(directory=UI_FOLDER / "static"))
    return app


async def _page() -> FileResponse:
    return FileResponse(UI_FOLDER / "index.html", headers={"Content-Security-Policy": PAGE_POLICY})


async def _wired(
    settings: Settings,
    stack: AsyncExitStack,
    ml_transport: httpx.AsyncBaseTransport | None,
    around: Callable[[Ports], Ports] | None,
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
    store = LanceStore(settings.store_location, index_threshold_rows=settings.index_threshold_rows)
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
    allowed = AllowedRoots(folders, checked=checked_directory, blocking=blocking)
    rules = ExcludeRules(settings.exclude_patterns, own=folders.own)
    events = await stack.enter_async_context(InotifyEvents(rules))
    ports = Ports(
        ledger=ledger,
        store=store,
        cache=cache,
        library=LocalFiles(
            CapacityLimiter(settings.hash_workers * 2),
            max_file_bytes=settings.max_file_bytes,
            rules=rules,
            is_allowed=allowed.allows,
        ),
        preparation=ImagePreparation(
            CapacityLimiter(settings.decode_workers),
            decoders,
            max_pixels=settings.max_image_pixels,
            thumbnail_side_px=settings.thumbnail_side_px,
            encoding=settings.ml_upload_encoding,
        ),
        inference=tuple(
            InferenceClient(
                http,
                url=url,
                request_timeout_s=settings.ml_request_timeout_s,
                query_timeout_s=settings.ml_query_timeout_s,
                api_key=settings.ml_key,
                thumbnail_side_px=settings.thumbnail_side_px,
            )
            for url in settings.ml_urls
        ),
        budget=MemoryBudget(settings.max_inflight_bytes),
    )
    if around is not None:
        ports = around(ports)
    secret = stack.enter_context(local_secret(settings.data_dir))
    await allowed.load(ports.ledger)
    known_collections = Collections(ports.ledger, ports.store)
    await known_collections.check_all()
    watch = MlWatch(ports.inference)
    concurrency = Concurrency(
        read_workers=settings.hash_workers,
        decode_workers=settings.decode_workers,
        batch_images=settings.batch_size,
        store_rows=settings.store_group_rows,
        store_linger_s=settings.store_linger_s,
        delete_guard_percent=settings.delete_guard_percent,
    )
    scheduler = JobScheduler(
        ports,
        Kinds([Ingest(ports, known_collections, concurrency).kind]),
        max_running=settings.max_running_jobs,
        max_waiting=settings.max_queued_jobs,
    )
    return AppState(
        settings=settings,
        ports=ports,
        collections=known_collections,
        scheduler=scheduler,
        watching=Watching(
            ports.ledger,
            ports.library,
            scheduler,
            events,
            is_image_name=has_image_extension,
            is_allowed=allowed.allows,
            captions=not settings.disable_captions,
            debounce_s=settings.watch_debounce_s,
            rescan_s=settings.watch_rescan_s,
        ),
        search=Search(
            known_collections,
            ports.store,
            watch,
            shown=allowed.shown,
            query_timeout_s=settings.ml_query_timeout_s,
        ),
        thumbnails=Thumbnails(
            known_collections,
            ports.store,
            ports.cache,
            ports.library,
            ports.preparation,
            ports.budget,
            watch,
            is_allowed=allowed.allows,
        ),
        watch=watch,
        allowed=allowed,
        is_same_user=secret.is_given,
        free_bytes=partial(free_bytes, settings.data_dir),
        is_image_name=has_image_extension,
        formats=tuple(sorted(Format)),
        blocking=blocking,
        originals=Originals(
            known_collections, ports.ledger, open_stored, limiter=CapacityLimiter(BLOCKING_THREADS)
        ),
        listeners=Listeners(),
        attempts=Attempts(),
        sessions=None if settings.api_key is None else Sessions(ports.ledger, settings.api_key),
    )
