"""The life of one CLIP model: it loads, is loaded, is unloaded while nobody needs it, or failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import anyio
import structlog

from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    ModelMissingError,
    StartPhase,
)
from ml_inference_fastapi_app.backends.release import give_back_memory
from ml_inference_fastapi_app.errors import ModelFailed
from ml_inference_fastapi_app.models.clip_loading import ClipLoader, ClipPlan
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip
from ml_inference_fastapi_app.models.loading_progress import MAX_RETRY_S, LoadingProgress
from ml_inference_fastapi_app.scheduling.admission import Speed
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThreadDiedError,
    Priority,
    one_turn,
)
from utils.contract import ErrorCode, ModelState

log = structlog.stdlib.get_logger(__name__)

CANARY_TRUSTED_S = 1.0  # so that nobody can keep the device busy with health checks
PAUSE_S = 0.5  # longer than a client under way takes between two requests
RETURN_S = 3 * MAX_RETRY_S  # for whoever was told to come back: else it might never find a model
TRY_AGAIN_S = 300.0  # after a model could not be loaded: no request waits for it in vain


class AnotherModelError(Exception):
    """What was loaded again is not what was unloaded: its vectors cannot be compared."""


@dataclass(frozen=True, slots=True)
class Known:
    """What can be told of the model while it is unloaded, too."""

    description: ClipDescription
    safe_batch: int


class ModelLifecycle:
    """Lives on the event loop. `request_load` asks for what `load` and `unload` do; who calls
    these is `ClipModels`."""

    def __init__(self, plan: ClipPlan, loader: ClipLoader, *, ready_timeout_s: float) -> None:
        self.plan = plan
        self.speed = Speed()
        self.progress = LoadingProgress()
        self._loader = loader
        self._ready_timeout_s = ready_timeout_s
        self._state = ModelState.UNLOADED
        self._model: LoadedClip | None = None
        self._known: Known | None = None
        self._failure = ""
        self._failed_s = 0.0
        self._loaded_s = 0.0
        self._users = 0
        self._used_s = float("-inf")  # when it was last in use
        self._awaited = False
        self._leaving = False
        self._canary_lock = anyio.Lock()
        self._canary_seen_s = float("-inf")

    @property
    def state(self) -> ModelState:
        return self._state

    @property
    def is_loaded(self) -> bool:
        return self._state is ModelState.LOADED

    @property
    def is_compiled(self) -> bool:
        return self._model is not None and self._model.description.compiled

    @property
    def takes_memory(self) -> bool:
        return self._model is not None or self._leaving

    @property
    def last_known(self) -> Known | None:
        """None until it was loaded once."""
        return self._known if self._model is None else _known(self._model)

    @property
    def safe_batch(self) -> int:
        """0 until it was loaded once."""
        known = self.last_known
        return 0 if known is None else known.safe_batch

    @property
    def fingerprint(self) -> str | None:
        known = self._known
        return None if known is None else known.description.fingerprint

    @property
    def is_wanted(self) -> bool:
        return self._state is ModelState.LOADING

    @property
    def is_awaited(self) -> bool:
        """Somebody was told to come back when it is loaded, and has not been here since."""
        return self._awaited

    def known(self) -> Known:
        """Loads nothing. Raises ModelLoading before the first time, ModelFailed once it died."""
        self._check_life()
        if (known := self.last_known) is None:
            raise self.progress.loading()
        return known

    def request_load(self, *, awaited: bool = True) -> None:
        """Nothing where it is loaded or on its way, or failed lately."""
        failed_lately = time.monotonic() - self._failed_s < TRY_AGAIN_S
        failed = self._state is ModelState.FAILED
        if self._state is ModelState.UNLOADED or (failed and not failed_lately):
            if self._known is not None:
                self.progress.begin_again()
            self._state = ModelState.LOADING
        self._awaited = self._awaited or (awaited and self.is_wanted)

    @contextmanager
    def in_use(self) -> Iterator[LoadedClip]:
        """The model, which stays loaded meanwhile.

        Raises ModelLoading until it is loaded, warmed and probed; ModelFailed once it died.
        """
        self._check_life()
        if self._model is None:
            raise self.progress.loading()
        self._users += 1
        self._awaited = False
        try:
            yield self._model
        finally:
            self._users -= 1
            self._used_s = time.monotonic()

    async def load(self) -> bool:
        """Whether it is loaded now: the log says why not. Raises ModelThreadDiedError."""
        options = self.plan.options
        log.info("model_loading", model=options.model, weights=options.pretrained)
        try:
            model = await self._loader.load(self.plan, self.progress, self.speed)
            if self.fingerprint not in (None, model.description.fingerprint):
                raise AnotherModelError(  # noqa: TRY301  # as what else a load fails of
                    f"It was {self.fingerprint} and is {model.description.fingerprint} now."
                )
        except ModelThreadDiedError:
            raise
        except ModelMissingError as exc:
            sys.stderr.write(f"{ErrorCode.MODEL_MISSING}: {exc}\n")
            self._fail("The model's weights are missing; the service's log says what to do.")
            return False
        except Exception:
            log.exception("model_load_failed")
            self._fail("The model could not be loaded; the service's log says why.")
            return False
        self._model, self._known = model, _known(model)
        self._state = ModelState.LOADED
        self._loaded_s = time.monotonic()
        self._canary_seen_s = float("-inf")
        log.info(
            "model_ready",
            model=options.model,
            fingerprint=model.description.fingerprint,
            device=model.description.device,
            dtype=model.description.dtype,
            safe_batch=model.safe_batch,
            images_per_s=self.speed.images_per_s,
        )
        return True

    def idle_s(self) -> float:
        """For how long nobody has used it, or been expected to. 0 while it is not loaded."""
        if not self.is_loaded or self._users:
            return 0.0
        now_s = time.monotonic()
        here_s = now_s - self._loaded_s
        if self._awaited and here_s < RETURN_S:
            return 0.0
        return min(here_s, now_s - self._used_s)

    def may_leave(self) -> bool:
        """Nobody uses it, and nobody was told that it comes and has not yet been here."""
        return self.is_loaded and not self._users and (not self._awaited or self.idle_s() > 0)

    def has_served(self) -> bool:
        """It was here for as long as loading it took, or nobody needs it just now: two models that
        take turns then work for as long as they load."""
        here_s = time.monotonic() - self._loaded_s
        took_s = sum(
            took_s
            for phase, took_s in self.progress.took_s.items()
            if phase is not StartPhase.FETCHING  # that is done once
        )
        return here_s >= took_s or self.idle_s() >= PAUSE_S

    async def unload(self, *, graphs: bool) -> None:
        """Only where it `may_leave`. `graphs`: see `give_back_memory`. May raise
        ModelThreadDiedError."""
        assert self._model is not None
        self._known = _known(self._model)
        self._state = ModelState.UNLOADED
        self._awaited = False
        leaving, self._model = [self._model], None
        self._leaving = True
        try:
            turn = one_turn(partial(_let_go, leaving, graphs=graphs))
            await self._loader.thread.run(turn, priority=Priority.IMPORT)
        finally:
            self._leaving = False

    async def check(self) -> None:
        """Ready means that a known image gives its known vector in time, or that nobody needs the
        model: an unloaded one is not loaded for those who ask, who may wait for this to send work.

        Raises ModelLoading or ModelFailed.
        """
        async with self._canary_lock:
            self._check_life()
            if self._state is ModelState.UNLOADED:
                return
            if self._model is None:
                raise self.progress.loading()
            if time.monotonic() - self._canary_seen_s < CANARY_TRUSTED_S:
                return
            limit_s = self._ready_timeout_s
            self._users += 1  # it stays while its canary is on the way
            try:
                with anyio.fail_after(limit_s):
                    turn = one_turn(self._model.answers_canary)
                    answers = await self._loader.thread.run(turn, priority=Priority.QUERY)
            except TimeoutError as exc:
                raise ModelFailed(f"The canary was not answered within {limit_s:g} s.") from exc
            except ModelThreadDiedError as exc:
                raise ModelFailed("The model thread has ended.") from exc
            finally:
                self._users -= 1
            if not answers:
                raise ModelFailed("The canary's vector is not what it was after loading.")
            self._canary_seen_s = time.monotonic()

    def _fail(self, detail: str) -> None:
        self._state = ModelState.FAILED
        self._failure = detail
        self._failed_s = time.monotonic()
        self._awaited = False

    def _check_life(self) -> None:
        if self._state is ModelState.FAILED:
            raise ModelFailed(self._failure)
        if not self._loader.thread.alive:
            raise ModelFailed("The model thread has ended.")


def _known(model: LoadedClip) -> Known:
    return Known(model.description, model.safe_batch)


def _let_go(leaving: list[LoadedClip], *, graphs: bool) -> None:
    """The last reference goes here: what a CUDA graph holds belongs to the model thread."""
    leaving.clear()
    give_back_memory(graphs=graphs)
