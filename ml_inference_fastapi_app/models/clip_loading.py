"""From a CLIP model's name to one that is ready: built on one thread, probed on another."""

from __future__ import annotations

from dataclasses import dataclass

from ml_inference_fastapi_app.backends.base import ClipOptions, Embedder, StartPhase
from ml_inference_fastapi_app.backends.registry import LoadClip
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip, probed
from ml_inference_fastapi_app.models.loading_progress import LoadingProgress
from ml_inference_fastapi_app.models.probe_cache import ProbeCache, conditions_of
from ml_inference_fastapi_app.scheduling.admission import Speed
from ml_inference_fastapi_app.scheduling.model_thread import (
    ModelThread,
    Priority,
    Steps,
    one_turn,
)


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """Which CLIP model is loaded, and by what."""

    options: ClipOptions
    load: LoadClip

    @property
    def configured(self) -> tuple[str, ...]:
        """What decides how long a start takes, as far as it is known before the start."""
        options = self.options
        return (
            options.model,
            options.pretrained,
            options.device,
            options.dtype,
            options.compile,
        )


@dataclass(frozen=True, slots=True)
class ClipLoader:
    """What all loads share. `loader` builds what `thread` runs."""

    thread: ModelThread
    loader: ModelThread
    cache: ProbeCache
    metrics: EngineMetrics

    async def load(self, plan: ClipPlan, progress: LoadingProgress, speed: Speed) -> LoadedClip:
        """Seconds to minutes, in which queries of other models are answered.

        Raises ModelMissingError and ModelThreadDiedError.
        """

        def built() -> Embedder:
            progress.expect(self.cache.phases_s(plan.configured))
            return plan.load(plan.options, progress.enter)

        embedder = await self.loader.run(one_turn(built), priority=Priority.LOAD)
        steps = self._ready(embedder, plan, progress, speed)
        return await self.thread.run(steps, priority=Priority.LOAD)

    def _ready(
        self, embedder: Embedder, plan: ClipPlan, progress: LoadingProgress, speed: Speed
    ) -> Steps[LoadedClip]:
        """Compiles, probes and warms. On the model thread."""
        embedder.prepare(progress.enter)
        yield
        progress.enter(StartPhase.PROBING)
        max_batch = plan.options.max_batch
        conditions = conditions_of(
            embedder.description, tuple(embedder.conditions), max_batch=max_batch
        )
        known = self.cache.probed(conditions)
        found = yield from probed(embedder, max_batch=max_batch, known=known)
        yield from embedder.warm(found.largest_turn)
        model = LoadedClip(embedder, found, speed=speed, metrics=self.metrics)
        progress.end()
        self.cache.remember(
            found,
            configured=plan.configured,
            conditions=conditions,
            phases_s=progress.took_s,
        )
        return model
