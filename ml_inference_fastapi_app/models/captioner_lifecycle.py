"""Captions for whoever asks for them: until then nothing is imported, fetched or loaded."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
import structlog

from ml_inference_fastapi_app.backends.base import Captioner, ModelMissingError
from ml_inference_fastapi_app.backends.blip.source import BlipSource
from ml_inference_fastapi_app.backends.release import give_back_memory
from ml_inference_fastapi_app.models.loaded_captioner import LoadedCaptioner, probed_captioner
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
    Priority,
    one_turn,
)
from utils.contract import ErrorCode
from utils.problems import ModelLoading

log = structlog.stdlib.get_logger(__name__)

UNKNOWN_SIDE_PX = 384  # what BLIP's own models see; said until the model's config is here
FETCH_RETRY_S = 5.0
TRY_AGAIN_S = 300.0  # after a model could not be had: no batch waits for the network in vain


@dataclass(frozen=True, slots=True)
class CaptionPlan:
    """How captions are made. `find(offline)` and `load(source, device, dtype)` block; both raise
    ModelMissingError."""

    model: str
    quantization: str
    offline: bool
    max_batch: int
    find: Callable[[bool], BlipSource]
    load: Callable[[BlipSource, str, str], Captioner]


class CaptionerLifecycle:
    """Without a plan captions are disabled for good. `loader` builds what `thread` runs."""

    def __init__(
        self, plan: CaptionPlan | None, *, thread: ModelThread, loader: ModelThread
    ) -> None:
        self._plan = plan
        self._thread = thread
        self._loader = loader
        self._source: BlipSource | None = None
        self._loaded: LoadedCaptioner | None = None
        self._lock = anyio.Lock()
        self._files = anyio.CapacityLimiter(1)
        self._failed_s: float | None = None
        self._cause: str | None = None  # of that
        self._wanted = anyio.Event()  # set: the weights are to be fetched

    @property
    def available(self) -> bool:
        """They may be asked for: the weights are here, or have not yet proved out of reach."""
        if self._plan is None or self._failed_lately:
            return False
        return self._source is not None or not self._plan.offline

    @property
    def why_unavailable(self) -> str | None:
        """The cause, and what helps. None: they may be asked for."""
        if self._plan is None:
            return "captions are switched off here (DISABLE_CAPTIONS)."
        if self.available:
            return None
        if self._cause is not None:
            return self._cause
        return f"{self._plan.model} is not on this machine, and the service is offline."

    @property
    def detail(self) -> str | None:
        """What should be known before they are asked for."""
        if self.available and self._source is None:
            return "its weights are not here yet: they are fetched when it is first asked."
        return self.why_unavailable

    @property
    def model(self) -> str | None:
        return None if self._plan is None else self._plan.model

    @property
    def quantization(self) -> str | None:
        return None if self._plan is None else self._plan.quantization

    @property
    def fingerprint(self) -> str | None:
        return None if self._source is None else self._source.fingerprint

    @property
    def side_px(self) -> int:
        return UNKNOWN_SIDE_PX if self._source is None else self._source.side_px

    @property
    def safe_batch(self) -> int:
        """0 until the captioner is loaded."""
        return 0 if self._loaded is None else self._loaded.safe_batch

    async def look(self) -> None:
        """Whether the files are here, without the network: milliseconds, nothing is loaded."""
        if self._plan is None:
            return
        try:
            self._source = await anyio.to_thread.run_sync(
                self._plan.find, True, limiter=self._files
            )
        except ModelMissingError as exc:
            self._source = None
            if self._plan.offline:
                self._fail(exc)

    async def fetch(self) -> None:
        """For ever: fetches the weights when a request has found that they are not here."""
        while self._plan is not None:
            await self._wanted.wait()
            try:
                self._source = await anyio.to_thread.run_sync(
                    self._plan.find, False, limiter=self._files, abandon_on_cancel=True
                )
            except ModelMissingError as exc:
                self._fail(exc)
            self._wanted = anyio.Event()

    async def unload_when_idle(self, idle_s: float, on_unloaded: Callable[[], None]) -> None:
        """For ever: drops the captioner when nobody asked for one for `idle_s`. The next who asks
        loads it again; a request that has it already keeps it to its end."""
        while True:
            idle_for_s = 0.0 if self._loaded is None else time.monotonic() - self._loaded.used_s
            if self._loaded is None or idle_for_s < idle_s:
                await anyio.sleep(idle_s - idle_for_s)
                continue
            leaving, self._loaded = [self._loaded], None
            try:
                turn = one_turn(partial(_let_go, leaving))
                await self._thread.run(turn, priority=Priority.IMPORT)
            except ModelThreadDiedError:
                return
            on_unloaded()
            log.info("captioner_unloaded", idle_s=idle_s)

    async def ready(self, *, device: str, dtype: str) -> LoadedCaptioner | None:
        """The captioner, loaded by the first who asks. None: there is none, the log says why.

        Raises ModelLoading while its weights are being fetched, or those of a CLIP model: that may
        take minutes, in which a batch must not keep its place.
        """
        if self._loaded is not None:
            self._loaded.used_s = time.monotonic()
            return self._loaded
        async with self._lock:
            if self._loaded is None and self.available:
                await self.look()  # again: the files may be others than when it started
                if self._source is None:
                    if not self.available:
                        return None
                    self._wanted.set()
                    detail = "The captioning model is being fetched."
                    raise ModelLoading(detail, retry_after_s=FETCH_RETRY_S)
                if self._loader.is_busy:
                    detail = "Another model is being loaded."
                    raise ModelLoading(detail, retry_after_s=FETCH_RETRY_S)
                await self._load(self._source, device, dtype)
            return self._loaded

    async def _load(self, source: BlipSource, device: str, dtype: str) -> None:
        assert self._plan is not None
        load = one_turn(partial(self._plan.load, source, device, dtype))
        log.info("captioner_loading", model=source.model)
        try:
            captioner = await self._loader.run(load, priority=Priority.LOAD)
            steps = probed_captioner(captioner, max_batch=self._plan.max_batch)
            self._loaded = await self._thread.run(steps, priority=Priority.LOAD)
        except ModelMissingError as exc:
            self._fail(exc)
        except Exception as exc:  # a broken captioner costs captions, never vectors
            log.exception("captioner_load_failed")
            self._fail(exc)

    @property
    def _failed_lately(self) -> bool:
        return self._failed_s is not None and time.monotonic() - self._failed_s < TRY_AGAIN_S

    def _fail(self, exc: Exception) -> None:
        self._failed_s = time.monotonic()
        is_missing = isinstance(exc, ModelMissingError)
        self._cause = (
            f"{exc}" if is_missing else "the captioning model cannot be loaded, see the log."
        )
        if is_missing:
            sys.stderr.write(f"{ErrorCode.MODEL_MISSING}: {exc}\n")
        log.warning("captions_unavailable", again_in_s=TRY_AGAIN_S)


def _let_go(leaving: list[LoadedCaptioner]) -> None:
    leaving.clear()
    give_back_memory(graphs=False)
