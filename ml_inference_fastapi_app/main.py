"""Composition root of the inference service. Loads, warms and probes on the model thread."""

from __future__ import annotations

import os
import signal
import sys
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
from ml_inference_fastapi_app.backends.base import Captioner, Embedder, ModelMissingError
from ml_inference_fastapi_app.backends.blip.source import BlipSource, resolve_blip
from ml_inference_fastapi_app.backends.clip.compiled_folder import compiled_folder
from ml_inference_fastapi_app.backends.torch_import import import_torch
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.captioner_lifecycle import CaptionerLifecycle, CaptionPlan
from ml_inference_fastapi_app.models.clip_lifecycle import ModelLifecycle
from ml_inference_fastapi_app.models.loading_progress import LoadingProgress, OnPhase, ready_model
from ml_inference_fastapi_app.models.probe_cache import ProbeCache
from ml_inference_fastapi_app.scheduling.admission import Admission, Speed
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
    Priority,
    one_turn,
)
from ml_inference_fastapi_app.serving.decoding import Decoder
from ml_inference_fastapi_app.serving.engine import Engine, EngineLimits
from ml_inference_fastapi_app.settings import Settings
from utils.contract import API_PREFIX, ErrorCode
from utils.sandbox.pool import DecoderPool
from utils.web.bodies.body_limit import BodyLimit
from utils.web.install import install_web
from utils.web.logs import setup_logging
from utils.web.openapi import describe, operation_id
from utils.web.problem_responses import DrainBounds
from utils.web.routing.unknown_parameters import only_known_parameters

log = structlog.stdlib.get_logger(__name__)

JOIN_S = 10.0

Load = Callable[[Settings, OnPhase], Embedder]
LoadCaptions = Callable[[BlipSource, str, str], Captioner]


def load_clip(settings: Settings, on_phase: OnPhase) -> Embedder:
    """Blocking, for seconds to minutes: on the model thread. Raises ModelMissingError."""
    # Threads of OpenMP that spin while they wait take the cores from decoding, and from everything
    # else: with two busy neighbours a call took 700 ms instead of 75. Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251  # told to it, not read
    compiled = compiled_folder(settings.model_cache_dir)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", compiled)  # noqa: TID251  # as above
    # Here, since importing torch takes seconds: the service listens and says `loading` first.
    import_torch()
    from ml_inference_fastapi_app.backends.clip.torch_clip import load_torch_clip

    return load_torch_clip(
        model=settings.clip_model,
        pretrained=settings.clip_pretrained,
        cache_dir=settings.model_cache_dir,
        dtype=settings.ml_dtype,
        offline=settings.ml_offline,
        device=settings.ml_device,
        intra_op_threads=settings.ml_intra_op_threads,
        compile=settings.ml_compile,
        max_batch=settings.ml_max_batch,
        on_phase=on_phase,
    )


def load_captioner(source: BlipSource, device: str, dtype: str) -> Captioner:
    """Blocking, for seconds: on the model thread. Raises ModelMissingError."""
    # Here, since importing transformers takes seconds, and memory that nobody may ever need.
    from ml_inference_fastapi_app.backends.blip.torch_blip import load_blip

    return load_blip(source, device=device, dtype=dtype)


def _caption_plan(settings: Settings, load: LoadCaptions) -> CaptionPlan | None:
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


def end_process() -> None:
    """The server shuts down gracefully and the process ends by this signal: not with 0."""
    os.kill(os.getpid(), signal.SIGTERM)


def create_app(
    settings: Settings,
    *,
    load: Load = load_clip,
    load_captions: LoadCaptions = load_captioner,
    on_fatal: Callable[[], None] = end_process,
) -> FastAPI:
    """Nothing happens before the lifespan starts.

    `on_fatal` is called, from any thread, when the service can never be ready: it must end the
    process with a code other than 0, so that whoever started it sees that.
    """
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    speed = Speed()
    admission = Admission(
        max_waiting_batches=settings.ml_max_waiting_batches,
        max_waiting_queries=settings.ml_max_waiting_queries,
        speed=speed,
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
    thread = ModelThread(on_death=on_death)
    ready_s = settings.ml_ready_timeout_s
    lifecycle = ModelLifecycle(thread, startup=LoadingProgress(), ready_timeout_s=ready_s)
    metrics.queued.set_function(thread.queued)
    metrics.loaded.set_function(lambda: lifecycle.is_loaded)
    engine = Engine(
        thread=thread,
        lifecycle=lifecycle,
        captioner_lifecycle=CaptionerLifecycle(_caption_plan(settings, load_captions), thread),
        admission=admission,
        speed=speed,
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
        engine.thread.start()
        async with decoders, anyio.create_task_group() as tg:
            tg.start_soon(_keep_model, engine, settings, load, on_fatal)
            tg.start_soon(engine.captioner_lifecycle.fetch)
            if idle_s := settings.ml_idle_unload_s:
                on_unloaded = metrics.unloaded.labels("blip").inc
                tg.start_soon(engine.captioner_lifecycle.unload_when_idle, idle_s, on_unloaded)
            try:
                yield
            finally:
                tg.cancel_scope.cancel()
                engine.thread.stop()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(engine.thread.join, JOIN_S)

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
    for one in (router, health.router):
        app.include_router(one, dependencies=[Depends(only_known_parameters)])
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


def _configured(settings: Settings) -> tuple[str, ...]:
    """What decides how long a start takes, as far as it is known before the start."""
    return (
        settings.clip_model,
        settings.clip_pretrained,
        settings.ml_device,
        settings.ml_dtype,
        settings.ml_compile,
    )


def create_app_from_env() -> FastAPI:
    """For `uvicorn --factory ml_inference_fastapi_app.main:create_app_from_env`."""
    settings = Settings()
    setup_logging(settings.log_level)
    return create_app(settings)


async def _keep_model(
    engine: Engine, settings: Settings, load: Load, on_fatal: Callable[[], None]
) -> None:
    """Loads it, and again whenever somebody needs it after it was unloaded."""
    idle_s, metrics = settings.ml_idle_unload_s, engine.metrics
    await engine.captioner_lifecycle.look()
    try:
        while await _bring_up(engine, settings, load, on_fatal) and idle_s:
            await engine.lifecycle.unload_when_idle(idle_s, engine.admission.idle_s)
            metrics.unloaded.labels("clip").inc()
            log.info("model_unloaded", idle_s=idle_s)
            await engine.lifecycle.wanted()
    except ModelThreadDiedError:
        return  # the thread has said so itself


async def _bring_up(
    engine: Engine, settings: Settings, load: Load, on_fatal: Callable[[], None]
) -> bool:
    """Whether it is ready; otherwise the process is told to end. Raises ModelThreadDiedError."""
    ready = partial(
        ready_model,
        partial(load, settings),
        engine.lifecycle.startup,
        ProbeCache(settings.model_cache_dir),
        configured=_configured(settings),
        max_batch=settings.ml_max_batch,
        speed=engine.speed,
        metrics=engine.metrics,
    )
    log.info("model_loading", model=settings.clip_model, weights=settings.clip_pretrained)
    try:
        model = await engine.thread.run(one_turn(ready), priority=Priority.IMPORT)
        engine.lifecycle.adopt(model)
    except ModelThreadDiedError:
        raise
    except ModelMissingError as exc:
        sys.stderr.write(f"{ErrorCode.MODEL_MISSING}: {exc}\n")
        engine.lifecycle.fail("The model's weights are missing; the service's log says what to do.")
    except Exception:
        log.exception("model_load_failed")
        engine.lifecycle.fail("The model could not be loaded; the service's log says why.")
    else:
        engine.metrics.describe(model.description)
        log.info(
            "model_ready",
            fingerprint=model.description.fingerprint,
            device=model.description.device,
            dtype=model.description.dtype,
            safe_batch=model.safe_batch,
            images_per_s=engine.speed.images_per_s,
        )
        return True
    on_fatal()
    return False
