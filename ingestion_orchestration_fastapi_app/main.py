"""Composition root of the orchestrator: settings in, application out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import structlog
from anyio import create_task_group, to_thread
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.api.admin import allowed_roots, health, session, system
from ingestion_orchestration_fastapi_app.api.admin.allowed_roots import LocalSecretHeader
from ingestion_orchestration_fastapi_app.api.admin.sessions import SessionCookie
from ingestion_orchestration_fastapi_app.api.document import ABOUT, TAGS
from ingestion_orchestration_fastapi_app.api.jobs import ingest, jobs, upload
from ingestion_orchestration_fastapi_app.api.library import (
    annotation,
    browsing,
    collections,
    generations,
    image_export,
    images,
    roots,
)
from ingestion_orchestration_fastapi_app.api.library.duplicates import (
    decisions as duplicate_decisions,
)
from ingestion_orchestration_fastapi_app.api.library.duplicates import export as duplicate_export
from ingestion_orchestration_fastapi_app.api.library.duplicates import groups as duplicates
from ingestion_orchestration_fastapi_app.api.library.folders import (
    excluded,
    hidden,
    on_disk,
    watches,
)
from ingestion_orchestration_fastapi_app.api.library.pictures import (
    archive,
    forgetting,
    pictures,
    trash,
)
from ingestion_orchestration_fastapi_app.api.library.searching import mixed, search
from ingestion_orchestration_fastapi_app.api.security import cookie_name, name_cookie
from ingestion_orchestration_fastapi_app.api.transfer import exports
from ingestion_orchestration_fastapi_app.api.web_app.page import (
    OPEN_PATHS,
    OPEN_PREFIXES,
    add_app,
    is_for_people,
    nowhere,
)
from ingestion_orchestration_fastapi_app.composition.app import composed
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.retention import prune_job_history
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.transfer.leftovers import tidy_exports
from utils.contract import API_PREFIX
from utils.problems import Problem
from utils.process.allocator import trim_heap_repeatedly
from utils.web.access.security import OpenPaths
from utils.web.bodies.body_limit import BodyLimit
from utils.web.bodies.held_bodies import HeldBodies
from utils.web.install import install_web
from utils.web.openapi import describe, operation_id
from utils.web.routing.unknown_parameters import OnlyKnownParameters

log = structlog.get_logger(__name__)

_MAX_UPLOAD_BYTES = 65 * 1024 * 1024
UPLOADS = {f"{API_PREFIX}/search/{one}": _MAX_UPLOAD_BYTES for one in ("image", "pictures")}


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
                app.state.services = await composed(settings, stack, ml_transport, around, metrics)
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
                await services.uploads.resume()
                tg.start_soon(services.pool.health_check_loop)
                tg.start_soon(services.words_filling.serve)
                tg.start_soon(services.collections.catalogue.serve)
                tg.start_soon(services.calibrating.serve)
                tg.start_soon(services.index_upkeep.serve)
                tg.start_soon(services.placeholders.serve)
                tg.start_soon(tidy_exports, services.ports)
                tg.start_soon(services.collections.trash.trim_repeatedly)
                tg.start_soon(trim_heap_repeatedly)
                tg.start_soon(services.system.series.serve)
                tg.start_soon(
                    partial(
                        to_thread.run_sync,
                        services.sentences.gazetteer.load,
                        limiter=services.blocking,
                    )
                )
                tg.start_soon(
                    partial(
                        prune_job_history,
                        services.ports.ledger.jobs,
                        days=settings.job_history_days,
                    )
                )
                yield
                tg.cancel_scope.cancel()  # jobs go on at the next start

    async def refresh_metrics() -> None:
        await app.state.services.table_sizes.refresh()

    registry = CollectorRegistry()
    metrics = WorkMetrics(registry)
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
        streamed={upload.PATH: settings.max_upload_bytes},
    )
    install_web(
        app,
        service="orchestrator",
        api_key=settings.api_key,
        registry=registry,
        refresh_metrics=refresh_metrics,
        allowed_hosts=settings.allowed_hosts,
        trusted_origins=frozenset(settings.cors_origins),
        root_path=settings.root_path,
        checkers=[SessionCookie(cookie_name(settings.orchestrator_port)), LocalSecretHeader()],
        open_paths=OpenPaths(
            more_paths=OPEN_PATHS,
            more_prefixes=OPEN_PREFIXES,
            calls=frozenset({("POST", session.SESSION_PATH)}),
            are_more=is_for_people,
        ),
        not_found_page=nowhere(),
    )
    searches = (search, mixed)
    of_images = (browsing, image_export, images, archive, forgetting, trash, annotation)
    of_folders = (roots, hidden, excluded, watches, on_disk, allowed_roots)
    of_duplicates = (duplicates, duplicate_decisions, duplicate_export)
    of_library = (collections, generations, *of_folders, *searches, *of_images, *of_duplicates)
    # Pictures first: a page asks for a hundred, and routes are tried one after another.
    routes = (pictures, ingest, upload, jobs, *of_library, exports, session, system, health)
    only_known_parameters = Depends(OnlyKnownParameters())
    for resource in routes:
        app.include_router(resource.router, dependencies=[only_known_parameters])
    describe(app, about=ABOUT, tags=TAGS)
    name_cookie(app, settings.orchestrator_port)
    add_app(app)
    return app
