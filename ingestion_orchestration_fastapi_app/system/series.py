"""Figures of the last hour: measured every half minute, from what the metrics count anyway."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.histograms import quantile
from ingestion_orchestration_fastapi_app.metrics import PREFIX, WorkMetrics
from ingestion_orchestration_fastapi_app.system.about import resident_bytes
from utils.contract import API_PREFIX

log = structlog.get_logger(__name__)

STEP_S = 30.0
POINTS = 120
_SHARE = 0.95
_SECONDS = f"{PREFIX}_http_request_seconds_bucket"


@dataclass(frozen=True, slots=True)
class Point:
    """`None`: nothing was measured."""

    at: datetime
    search_p95_ms: float | None
    embedded_per_s: float | None
    waiting_images: int | None
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class _Counted:
    """What has been counted since the process began. `searches`: for each bound in seconds how
    many took no longer."""

    at_s: float
    embedded: float
    searches: Mapping[float, float] = field(default_factory=dict)


class Series:
    """`waiting_images` counts them now; `clock` gives seconds that never go back."""

    def __init__(
        self,
        metrics: WorkMetrics,
        waiting_images: Callable[[], Awaitable[int | None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._waiting_images = waiting_images
        self._clock = clock
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._before: _Counted | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(self._points)

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.measure()
            except Exception:  # a bug: a point is lacking, and the service goes on
                log.exception("point_not_measured")
            await sleep(STEP_S)

    async def measure(self) -> None:
        """Adds a point."""
        waiting_images = await self._waiting_images()
        now, before = self._counted(), self._before
        self._before = now
        p95_s, embedded_per_s = None, None
        if before is not None and now.at_s > before.at_s:
            since = {
                bound: count - before.searches.get(bound, 0.0)
                for bound, count in now.searches.items()
            }
            p95_s = quantile(since, _SHARE)
            embedded_per_s = (now.embedded - before.embedded) / (now.at_s - before.at_s)
        self._points.append(
            Point(
                at=datetime.now(UTC),
                search_p95_ms=None if p95_s is None else round(p95_s * 1000, 1),
                embedded_per_s=None if embedded_per_s is None else round(embedded_per_s, 2),
                waiting_images=waiting_images,
                resident_bytes=resident_bytes(),
            )
        )

    def _counted(self) -> _Counted:
        embedded = sum(
            sample.value
            for metric in self._metrics.images.collect()
            for sample in metric.samples
            if sample.name.endswith("_total") and sample.labels["outcome"] == Outcome.EMBEDDED
        )
        searches: defaultdict[float, float] = defaultdict(float)
        for metric in self._metrics.registry.restricted_registry([_SECONDS]).collect():
            for sample in metric.samples:
                if _is_search(sample.labels["route"]):
                    searches[float(sample.labels["le"])] += sample.value
        return _Counted(self._clock(), embedded, dict(searches))


def _is_search(route: str) -> bool:
    return route.startswith(f"{API_PREFIX}/search") or route.endswith("/similar")
