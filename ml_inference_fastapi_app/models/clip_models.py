"""The CLIP models of a service: which of them a request means, and which are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
import structlog

from ml_inference_fastapi_app.errors import ModelMismatch
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.clip_lifecycle import ModelLifecycle
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip
from utils.contract import ModelState

log = structlog.stdlib.get_logger(__name__)

LOOK_AGAIN_S = 1.0  # while one that is wanted has no room


class ClipModels:
    """The first is the default one. At most `max_loaded` are in memory at once: for another, the
    one that rests longest goes. One that is in use never goes, nor one that has just come and has
    work; who wants another then waits.

    Lives on the event loop.
    """

    def __init__(
        self,
        lifecycles: Sequence[ModelLifecycle],
        *,
        max_loaded: int,
        metrics: EngineMetrics,
    ) -> None:
        self.lifecycles = lifecycles
        self._max_loaded = max_loaded
        self._metrics = metrics
        self._changed = anyio.Event()
        for lifecycle in lifecycles:  # each once, as only that tells its fingerprint
            lifecycle.request_load(awaited=False)

    @property
    def default(self) -> ModelLifecycle:
        return self.lifecycles[0]

    def count(self, state: ModelState) -> int:
        return sum(lifecycle.state is state for lifecycle in self.lifecycles)

    @contextmanager
    def using(self, fingerprint: str | None) -> Iterator[LoadedClip]:
        """The model that a request names, or the default one; one that is unloaded is loaded for
        whoever comes again.

        Raises ModelMismatch, ModelLoading and ModelFailed.
        """
        lifecycle = self._named(fingerprint)
        lifecycle.request_load()
        self._changed.set()
        try:
            with lifecycle.in_use() as model:
                yield model
        finally:
            self._changed.set()

    async def keep_loaded(self) -> None:
        """Loads what is wanted, one after the other. Returns when the default one cannot be loaded.

        Raises ModelThreadDiedError.
        """
        each_was_loaded = False
        while True:
            self._changed = anyio.Event()
            wanted = next((one for one in self.lifecycles if one.is_wanted), None)
            if wanted is not None and await self._has_room(wanted):
                loaded = await wanted.load()
                if wanted is self.default:
                    if not loaded:
                        return
                    self._metrics.describe(wanted.known().description)
            elif wanted is None and not each_was_loaded:
                each_was_loaded = True
                self.default.request_load(awaited=False)  # it may have made room for another
            else:
                with anyio.move_on_after(LOOK_AGAIN_S):
                    await self._changed.wait()

    async def unload_idle(self, idle_s: float) -> None:
        """For ever: unloads what nobody has used for so long. Raises ModelThreadDiedError."""
        while True:
            for lifecycle in self.lifecycles:
                if lifecycle.may_leave() and lifecycle.idle_s() >= idle_s:
                    await self._unload(lifecycle)
            longest_s = max(lifecycle.idle_s() for lifecycle in self.lifecycles)
            await anyio.sleep(max(idle_s - longest_s, idle_s / 10))

    async def _has_room(self, wanted: ModelLifecycle) -> bool:
        """After another left if need be."""
        while sum(one.takes_memory for one in self.lifecycles) >= self._max_loaded:
            resting = [one for one in self.lifecycles if one.may_leave()]
            if not wanted.is_awaited and self._max_loaded > 1:
                resting = [one for one in resting if one is not self.default]
            longest = max(resting, key=ModelLifecycle.idle_s, default=None)
            if longest is None or not longest.has_served():
                return False
            await self._unload(longest)
        return True

    async def _unload(self, lifecycle: ModelLifecycle) -> None:
        others = [one for one in self.lifecycles if one is not lifecycle]
        idle_s = lifecycle.idle_s()
        # What was compiled goes for all models at once.
        graphs = lifecycle.is_compiled and not any(one.is_compiled for one in others)
        await lifecycle.unload(graphs=graphs)
        self._metrics.unloaded.labels("clip").inc()
        self._changed.set()
        log.info("model_unloaded", model=lifecycle.plan.options.model, idle_s=idle_s)

    def _named(self, fingerprint: str | None) -> ModelLifecycle:
        if fingerprint is None:
            return self.default
        for lifecycle in self.lifecycles:
            if lifecycle.fingerprint == fingerprint:
                return lifecycle
        for lifecycle in self.lifecycles:
            if lifecycle.fingerprint is None and lifecycle.is_wanted:
                raise lifecycle.progress.loading()  # it may be the one that is meant
        known = ", ".join(one.fingerprint for one in self.lifecycles if one.fingerprint)
        raise ModelMismatch(f"There is no model {fingerprint!r} here. There are: {known}.")
