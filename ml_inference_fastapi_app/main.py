"""Composition root of the inference service: what is made of the settings, and what runs beside."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.to_thread
import structlog
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry

from ml_inference_fastapi_app.api import health
from ml_inference_fastapi_app.api.document import ABOUT, TAGS
from ml_inference_fastapi_app.api.inference import router
from ml_inference_fastapi_app.backends.blip.source import BlipSource, resolve_blip
from ml_inference_fastapi_app.backends.registry import BACKENDS, Backend, LoadBlip, LoadClip
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.captioner_lifecycle import CaptionerLifecycle, CaptionPlan
from ml_inference_fastapi_app.models.clip_lifecycle import ModelLifecycle
from ml_inference_fastapi_app.models.clip_loading import ClipLoader, ClipPlan
from ml_inference_fastapi_app.models.clip_models import ClipModels
from ml_inference_fastapi_app.models.probe_cache import ProbeCache
from ml_inference_fastapi_app.scheduling.admission import Admission
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
)
from ml_inference_fastapi_app.serving.decoding import Decoder
from ml_inference_fastapi_app.serving.engine import Engine, EngineLimits
from ml_inference_fastapi_app.settings import Settings
from utils.contract import API_PREFIX, ModelState
from utils.sandbox.pool import DecoderPool
from utils.web.bodies.body_limit import BodyLimit
from utils.web.install import install_web
from utils.web.logs import setup_logging
from utils.web.openapi import describe, operation_id
from utils.web.problem_responses import DrainBounds
from utils.web.routing.unknown_parameters import OnlyKnownParameters

log = structlog.stdlib.get_logger(__name__)

JOIN_S = 10.0


def _caption_plan(settings: Settings, load: LoadBlip) -> CaptionPlan | None:
    if settings.disable_captions:
        return None

    def find(offline: bool) -> BlipSource:
        return resolve_blip(
            model=settings.blip_model,
            cache_dir=settings.model_cache_dir,
            offline=offline,
            quantization=settings.blip_quantization,
            max_new_tokens=settings.blip_max_new_tokens,
            beams=settings.blip_beams,
        )

    return CaptionPlan(
        model=settings.blip_model,
        quantization=settings.blip_quantization,
        offline=settings.ml_offline,
        max_batch=settings.ml_max_batch,
        find=find,
        load=load,
    )


def _clip_models(
    settings: Settings,
    load: LoadClip,
    thread: ModelThread,
    loader: ModelThread,
    metrics: EngineMetrics,
) -> ClipModels:
    clip_loader = ClipLoader(
        thread=thread,
        loader=loader,
        cache=ProbeCache(settings.model_cache_dir),
        metrics=metrics,
    )
    names = ((settings.clip_model, settings.clip_pretrained), *settings.ml_models)
    lifecycles = [
        ModelLifecycle(
            ClipPlan(settings.clip_options(model, weights), load),
            clip_loader,
            ready_timeout_s=settings.ml_ready_timeout_s,
        )
        for model, weights in dict.fromkeys(names)
    ]
    return ClipModels(lifecycles, max_loaded=settings.ml_max_models, metrics=metrics)


def end_process() -> None:
    """The server shuts down gracefully and the process ends by this signal: not with 0."""
    os.kill(os.getpid(), signal.SIGTERM)


def create_app(
    settings: Settings,
    *,
    backend: Backend | None = None,
    on_fatal: Callable[[], None] = end_process,
) -> FastAPI:
    """Nothing happens before the lifespan starts. `backend` takes the place of `ML_BACKEND`'s.

    `on_fatal` is called, from any thread, when the service can never be ready: it must end the
    process with a code other than 0, so that whoever started it sees that.
    """
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    backend = backend or BACKENDS[settings.ml_backend]
    admission = Admission(
        max_waiting_batches=settings.ml_max_waiting_batches,
        max_waiting_queries=settings.ml_max_waiting_queries,
        on_busy=metrics.busy.inc,
    )
    metrics.running.set_function(lambda: admission.running)
    metrics.waiting.set_function(lambda: admission.waiting)

    def on_death() -> None:
        log.critical("model_thread_died")
        on_fatal()

    decoders = DecoderPool(
        workers=settings.decode_workers + 1,  # one for a single image, beside those of batches
        timeout_s=settings.decode_timeout_s,
        memory_bytes=settings.decode_memory_bytes,
    )
    thread, loader = ModelThread(on_death=on_death), ModelThread("loader", on_death=on_death)
    models = _clip_models(settings, backend.load_clip, thread, loader, metrics)
    default = models.default
    metrics.queued.set_function(thread.queued)
    metrics.loaded.set_function(lambda: default.is_loaded)
    metrics.safe_batch.set_function(lambda: default.safe_batch)
    for state in ModelState:
        metrics.models.labels(state).set_function(partial(models.count, state))
    captioner_lifecycle = CaptionerLifecycle(
        _caption_plan(settings, backend.load_blip), thread=thread, loader=loader
    )
    engine = Engine(
        thread=thread,
        models=models,
        captioner_lifecycle=captioner_lifecycle,
        admission=admission,
        decoder=Decoder(
            decoders,
            workers=settings.decode_workers,
            max_pixels=settings.max_image_pixels,
            max_undecoded_bytes=settings.ml_max_undecoded_bytes,
            on_decoded=metrics.decode_s.observe,
        ),
        limits=EngineLimits(
            max_request_bytes=settings.ml_max_request_bytes,
            max_part_bytes=settings.ml_max_part_bytes,
            upload_timeout_s=settings.ml_upload_timeout_s,
        ),
        metrics=metrics,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        thread.start()
        loader.start()
        async with decoders, anyio.create_task_group() as tg:
            tg.start_soon(_keep_models, engine, settings.ml_idle_unload_s, on_fatal)
            tg.start_soon(captioner_lifecycle.fetch)
            if idle_s := settings.ml_idle_unload_s:
                on_unloaded = metrics.unloaded.labels("blip").inc
                tg.start_soon(captioner_lifecycle.unload_when_idle, idle_s, on_unloaded)
            try:
                yield
            finally:
                tg.cancel_scope.cancel()
                thread.stop()
                loader.stop()
        with anyio.CancelScope(shield=True):
            for each in (thread, loader):
                await anyio.to_thread.run_sync(each.join, JOIN_S)

    app = FastAPI(
        title="Photoseek inference",
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
        docs_url=None,  # `install_web` serves a page of its own
        redoc_url=None,
    )
    app.state.engine = engine
    app.state.reply_threads = anyio.CapacityLimiter(2)
    only_known_parameters = Depends(OnlyKnownParameters())
    for one in (router, health.router):
        app.include_router(one, dependencies=[only_known_parameters])
    describe(app, about=ABOUT, tags=TAGS)
    drain = DrainBounds(settings.ml_drain_max_bytes, settings.ml_drain_timeout_s)
    uploads = {
        f"{API_PREFIX}/batch_embed_and_caption": settings.ml_max_request_bytes,
        f"{API_PREFIX}/embed": settings.ml_max_part_bytes,
        f"{API_PREFIX}/caption": settings.ml_max_part_bytes,
    }
    app.add_middleware(BodyLimit, max_bytes=settings.max_json_bytes, uploads=uploads, drain=drain)
    install_web(
        app,
        service="inference",
        api_key=settings.api_key,
        registry=registry,
        allowed_hosts=settings.allowed_hosts,
        trusted_origins=frozenset(settings.cors_origins),
        root_path=settings.root_path,
        drain=drain,
    )
    return app


def create_app_from_env() -> FastAPI:
    """For `uvicorn --factory ml_inference_fastapi_app.main:create_app_from_env`."""
    settings = Settings()
    setup_logging(settings.log_level)
    return create_app(settings)


async def _keep_models(engine: Engine, idle_s: float, on_fatal: Callable[[], None]) -> None:
    """Loads them, and again whenever somebody needs one after it was unloaded."""
    await engine.captioner_lifecycle.look()
    try:
        async with anyio.create_task_group() as tg:
            if idle_s:
                tg.start_soon(engine.models.unload_idle, idle_s)
            await engine.models.keep_loaded()
            on_fatal()
            tg.cancel_scope.cancel()
    except* ModelThreadDiedError:
        log.debug("models_not_kept")  # the thread has said why itself
