"""Whether the model is there: it loads, is ready, is unloaded while nobody needs it, or failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import anyio
import structlog

from ml_inference_fastapi_app.backends.base import ClipDescription
from ml_inference_fastapi_app.backends.release import give_back_memory
from ml_inference_fastapi_app.errors import ModelFailed
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip
from ml_inference_fastapi_app.models.loading_progress import MAX_RETRY_S, LoadingProgress
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    ModelThreadDiedError,
    Priority,
    one_turn,
)

log = structlog.stdlib.get_logger(__name__)

CANARY_TRUSTED_S = 1.0  # so that nobody can keep the device busy with health checks
RETURN_S = 3 * MAX_RETRY_S  # for whoever was told to come back: else it might never find a model


class AnotherModelError(Exception):
    """What was loaded again is not what was unloaded: its vectors cannot be compared."""


@dataclass(frozen=True, slots=True)
class Known:
    """What can be told of the model while it is unloaded, too."""

    description: ClipDescription
    safe_batch: int


class ModelLifecycle:
    """Lives on the event loop. Ends with the model thread."""

    def __init__(
        self, thread: ModelThread, *, startup: LoadingProgress, ready_timeout_s: float
    ) -> None:
        self.startup = startup
        self._thread = thread
        self._ready_timeout_s = ready_timeout_s
        self._model: LoadedClip | None = None
        self._unloaded: Known | None = None
        self._failure: str | None = None
        self._wanted = anyio.Event()
        self._wanted.set()
        self._canary_lock = anyio.Lock()
        self._canary_seen_s = float("-inf")

    @property
    def model(self) -> LoadedClip:
        """For those who need it now: when it was unloaded, it is loaded again for them.

        Raises ModelLoading until it is loaded, warmed and probed; ModelFailed once it died.
        """
        self._check_life()
        if self._model is None:
            if not self._wanted.is_set():
                self.startup.begin_again()
                self._wanted.set()
            raise self.startup.loading()
        return self._model

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    @property
    def known(self) -> Known:
        """Loads nothing. Raises as `model` does, ModelLoading before the first time only."""
        self._check_life()
        if self._model is not None:
            return Known(self._model.description, self._model.safe_batch)
        if self._unloaded is None:
            raise self.startup.loading()
        return self._unloaded

    def adopt(self, model: LoadedClip) -> None:
        """From here on requests are taken. Raises AnotherModelError."""
        if self._unloaded is not None:
            before, now = self._unloaded.description.fingerprint, model.description.fingerprint
            if now != before:
                raise AnotherModelError(f"The model was {before} and is {now} now.")
        self._model = model

    def fail(self, detail: str) -> None:
        """The model will never be ready: say so to whoever asks until the process is gone."""
        self._failure = detail

    async def wanted(self) -> None:
        """Until somebody needs the model."""
        await self._wanted.wait()

    async def unload_when_idle(self, idle_s: float, idle_for_s: Callable[[], float]) -> None:
        """Returns when nobody has needed the model for `idle_s`, and it is gone.

        `idle_for_s` says for how long no request has been in. One that was loaded again waits for
        those who were told to come back later. Raises ModelThreadDiedError.
        """
        adopted_s = time.monotonic()
        while True:
            async with self._canary_lock:  # a health check has the model in its hands meanwhile
                here_s = time.monotonic() - adopted_s
                awaited = self._unloaded is not None and idle_for_s() >= here_s
                least_s = max(idle_s, RETURN_S) if awaited else idle_s
                left_s = least_s - min(idle_for_s(), here_s)
                if left_s <= 0:
                    await self._unload()
                    return
            await anyio.sleep(min(left_s, idle_s))

    async def check(self) -> None:
        """Ready means that a known image gives its known vector in time, or that nobody needs the
        model: an unloaded one is not loaded for those who ask, who may wait for this to send work.

        Raises ModelLoading or ModelFailed.
        """
        async with self._canary_lock:
            self._check_life()
            if not self._wanted.is_set():
                return
            model = self.model
            if time.monotonic() - self._canary_seen_s < CANARY_TRUSTED_S:
                return
            limit_s = self._ready_timeout_s
            try:
                with anyio.fail_after(limit_s):
                    turn = one_turn(model.answers_canary)
                    answers = await self._thread.run(turn, priority=Priority.QUERY)
            except TimeoutError as exc:
                raise ModelFailed(f"The canary was not answered within {limit_s:g} s.") from exc
            except ModelThreadDiedError as exc:
                raise ModelFailed("The model thread has ended.") from exc
            if not answers:
                raise ModelFailed("The canary's vector is not what it was after loading.")
            self._canary_seen_s = time.monotonic()

    def _check_life(self) -> None:
        if self._failure is not None:
            raise ModelFailed(self._failure)
        if not self._thread.alive:
            raise ModelFailed("The model thread has ended.")

    async def _unload(self) -> None:
        assert self._model is not None
        self._unloaded = self.known
        self._canary_seen_s = float("-inf")
        self._wanted = anyio.Event()
        leaving, self._model = [self._model], None
        await self._thread.run(one_turn(partial(_let_go, leaving)), priority=Priority.IMPORT)


def _let_go(leaving: list[LoadedClip]) -> None:
    """The last reference goes here: what a CUDA graph holds belongs to the model thread."""
    graphs = leaving[0].description.compiled
    leaving.clear()
    give_back_memory(graphs=graphs)
