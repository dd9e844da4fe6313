"""Composition root of the orchestrator: settings in, application out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import structlog
from anyio import CapacityLimiter, create_task_group
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.adapters.content_cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.data_folder import (
    free_bytes,
    locked_data_folder,
)
from ingestion_orchestration_fastapi_app.adapters.directories import checked_directory
from ingestion_orchestration_fastapi_app.adapters.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inference_client import InferenceClient
from ingestion_orchestration_fastapi_app.adapters.ledger import open_ledger
from ingestion_orchestration_fastapi_app.adapters.vector_store import LanceStore
from ingestion_orchestration_fastapi_app.api import (
    collections,
    health,
    images,
    ingest,
    jobs,
    search,
)
from ingestion_orchestration_fastapi_app.api.body_limit import BodyLimit
from ingestion_orchestration_fastapi_app.api.event_stream import Listeners
from ingestion_orchestration_fastapi_app.api.services import Services
from ingestion_orchestration_fastapi_app.pipeline.budget import MemoryBudget
from ingestion_orchestration_fastapi_app.pipeline.collections import Collections
from ingestion_orchestration_fastapi_app.pipeline.context import Ports, Widths
from ingestion_orchestration_fastapi_app.pipeline.job_history import keep_short
from ingestion_orchestration_fastapi_app.pipeline.ml_watch import MlWatch
from ingestion_orchestration_fastapi_app.pipeline.search import Search
from ingestion_orchestration_fastapi_app.pipeline.supervisor import Supervisor
from ingestion_orchestration_fastapi_app.pipeline.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.decoder_pool import DecoderPool
from utils.formats import Format, has_image_extension
from utils.problems import Problem
from utils.web import install_web

log = structlog.get_logger(__name__)

UI_FOLDER = Path(__file__).parent / "ui"
MAX_BODY_BYTES = 80 * 1024 * 1024
BLOCKING_THREADS = 8


def create_app(
    settings: Settings, *, ml_transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The application; nothing is opened before its lifespan.

    `ml_transport` replaces the network on the way to the inference service.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                app.state.services = await _wired(settings, stack, ml_transport)
            except Problem as exc:
                sys.stderr.write(f"{exc.code}: {exc.detail}\n")
                raise
            except Exception:
                log.exception("start_failed")
                raise
            async with create_task_group() as tg:
                services = app.state.services
                await tg.start(services.supervisor.serve)
                tg.start_soon(
                    partial(keep_short, services.ports.ledger, days=settings.job_history_days)
                )
                yield
                tg.cancel_scope.cancel()  # jobs go on at the next start

    app = FastAPI(title="Photoseek orchestrator", lifespan=lifespan)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    install_web(app, service="orchestrator", api_key=settings.api_key, registry=CollectorRegistry())
    for resource in (ingest, jobs, collections, search, images, health):
        app.include_router(resource.router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=UI_FOLDER / "static"))
    return app


async def _page() -> FileResponse:
    return FileResponse(UI_FOLDER / "index.html")


async def _wired(
    settings: Settings, stack: AsyncExitStack, ml_transport: httpx.AsyncBaseTransport | None
) -> Services:
    """Opens everything, in the order in which it must be closed again, last first."""
    stack.enter_context(locked_data_folder(settings.data_dir))
    ledger = await stack.enter_async_context(open_ledger(settings.data_dir / "ledger.sqlite"))
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
    ports = Ports(
        ledger=ledger,
        store=store,
        cache=cache,
        library=LocalFiles(
            CapacityLimiter(settings.hash_workers * 2),
            max_file_bytes=settings.max_file_bytes,
        ),
        preparation=ImagePreparation(
            CapacityLimiter(settings.decode_workers),
            decoders,
            max_pixels=settings.max_image_pixels,
            thumbnail_side_px=settings.thumbnail_side_px,
            encoding=settings.ml_upload_encoding,
        ),
        inference=InferenceClient(
            http,
            url=settings.ml_inference_service_url,
            request_timeout_s=settings.ml_request_timeout_s,
            query_timeout_s=settings.ml_query_timeout_s,
            api_key=settings.ml_key,
        ),
        budget=MemoryBudget(settings.max_inflight_bytes),
    )
    known_collections = Collections(ledger, store)
    await known_collections.check_all()
    watch = MlWatch(ports.inference)
    return Services(
        settings=settings,
        ports=ports,
        collections=known_collections,
        supervisor=Supervisor(
            ports,
            known_collections,
            widths=Widths(
                read_workers=settings.hash_workers,
                decode_workers=settings.decode_workers,
                batch_images=settings.batch_size,
                store_rows=settings.store_group_rows,
                store_linger_s=settings.store_linger_s,
                delete_guard_percent=settings.delete_guard_percent,
            ),
            max_running=settings.max_running_jobs,
        ),
        search=Search(known_collections, store, ports.inference, watch),
        thumbnails=Thumbnails(
            known_collections, store, cache, ports.library, ports.preparation, ports.budget
        ),
        watch=watch,
        checked_directory=partial(checked_directory, roots=settings.ingest_roots),
        free_bytes=partial(free_bytes, settings.data_dir),
        is_image_name=has_image_extension,
        formats=tuple(sorted(Format)),
        blocking=CapacityLimiter(BLOCKING_THREADS),
        listeners=Listeners(),
    )
