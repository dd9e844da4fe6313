"""An hour's figures: quantiles of buckets, and rates between points."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import pytest
import structlog
from anyio import Event, create_task_group, wait_all_tasks_blocked
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.histograms import quantile
from ingestion_orchestration_fastapi_app.metrics import PREFIX, WorkMetrics
from ingestion_orchestration_fastapi_app.system.series import POINTS, Point, Series
from utils.web.metrics import SECONDS_BUCKETS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({1.0: 0, inf: 0}, None),
        ({1.0: 100, 2.0: 100, inf: 100}, 0.95),
        ({1.0: 90, 2.0: 100, inf: 100}, 1.5),
        ({1.0: 0, 2.0: 0, inf: 5}, 2.0),
        ({1.0: 0, 2.0: 1, inf: 1}, 1.95),
    ],
)
def test_a_quantile_lies_in_its_bucket(
    counts: Mapping[float, float], expected: float | None
) -> None:
    assert quantile(counts, 0.95) == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.floats(0.001, 119), min_size=1, max_size=60))
def test_a_quantile_is_as_exact_as_its_bucket(seconds: list[float]) -> None:
    bounds = (*SECONDS_BUCKETS, inf)
    counts = {bound: float(sum(one <= bound for one in seconds)) for bound in bounds}
    found = quantile(counts, 0.95)
    true = sorted(seconds)[-(-len(seconds) * 95 // 100) - 1]
    assert found is not None
    low = max((bound for bound in (0.0, *SECONDS_BUCKETS) if bound < true), default=0.0)
    assert low <= found <= min(bound for bound in bounds if bound >= true)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Measured:
    """A series, and the metrics that it is told from."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.metrics = WorkMetrics(registry)
        self.seconds = Histogram(
            f"{PREFIX}_http_request_seconds",
            "d",
            ("method", "route"),
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self.clock = Clock()
        self.waiting: int | None = 7
        self.series = Series(self.metrics, self.waiting_images, clock=self.clock)

    async def waiting_images(self) -> int | None:
        return self.waiting

    def answered(self, route: str, seconds: float, times: int) -> None:
        for _ in range(times):
            self.seconds.labels("POST", route).observe(seconds)

    async def point(self, *, after_s: float = 30.0) -> Point:
        self.clock.now_s += after_s
        await self.series.measure()
        return self.series.points[-1]


async def test_a_point_tells_what_was_counted_since_the_one_before() -> None:
    measured = Measured()
    measured.answered("/api/v1/search", 9.0, 50)
    measured.metrics.images.labels("ingest", Outcome.EMBEDDED, "").inc(1000)
    first = await measured.point()
    assert (first.search_p95_ms, first.embedded_per_s, first.waiting_images) == (None, None, 7)
    measured.answered("/api/v1/search", 0.02, 10)
    measured.answered("/api/v1/images/{image_id}/similar", 0.02, 10)
    measured.answered("/api/v1/ingest/", 9.0, 50)
    measured.metrics.images.labels("ingest", Outcome.EMBEDDED, "").inc(60)
    measured.metrics.images.labels("reembed", Outcome.EMBEDDED, "").inc(30)
    measured.metrics.images.labels("ingest", Outcome.UNCHANGED, "").inc(500)
    second = await measured.point(after_s=45.0)
    assert second.search_p95_ms is not None
    assert 10 < second.search_p95_ms <= 25, "the bucket of 0.02 s, and no other call's"
    assert second.embedded_per_s == 2.0
    assert second.resident_bytes > 0
    measured.waiting = None
    third = await measured.point()
    assert (third.search_p95_ms, third.embedded_per_s, third.waiting_images) == (None, 0.0, None)


async def test_an_hour_is_kept() -> None:
    measured = Measured()
    first = await measured.point()
    for _ in range(POINTS):
        await measured.point()
    assert len(measured.series.points) == POINTS
    assert first not in measured.series.points


async def test_a_point_that_cannot_be_measured_does_not_end_the_service() -> None:
    tried = Event()

    async def broken() -> int | None:
        tried.set()
        raise ValueError("a bug")

    series = Series(WorkMetrics(CollectorRegistry()), broken)
    with structlog.testing.capture_logs() as logs:
        async with create_task_group() as tg:
            tg.start_soon(series.serve)
            await tried.wait()
            await wait_all_tasks_blocked()
            tg.cancel_scope.cancel()
    assert [one["event"] for one in logs] == ["point_not_measured"]
    assert series.points == ()
