"""What a dry run opens, and what it tells from that: counts that add up, a time, a space."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.dry_run.forecast import (
    Duration,
    Speeds,
    duration,
    point_bytes,
    scaled,
    speeds_of,
)
from ingestion_orchestration_fastapi_app.domain.dry_run.sample import Fate, Opened, Sample
from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions, import_request
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, SavedProgress
from utils.contract import JobCounts, JobState

SPACE = UUID("9b1f8a52-6f0e-4f52-9d0a-3c1f2f0a7c11")
IDS = [uuid5(SPACE, str(number)) for number in range(4000)]
IMAGE = Opened(Fate.IMAGE, 1)


def test_of_few_files_all_are_opened() -> None:
    sample = Sample(max_files=100, max_bytes=1000)
    for one in IDS[:100]:
        assert sample.take(one, 10)
        sample.put(one, IMAGE)
    assert sample.is_whole
    assert set(sample.opened) == set(IDS[:100])


@pytest.mark.parametrize(("max_files", "max_bytes"), [(100, 10**9), (10**9, 1000)])
def test_of_many_no_more_are_opened_than_may_be_and_which_hangs_on_no_order(
    max_files: int, max_bytes: int
) -> None:
    found = []
    for ids in (IDS, IDS[::-1]):
        sample = Sample(max_files=max_files, max_bytes=max_bytes)
        opened = 0
        for one in ids:
            if sample.take(one, 10):
                opened += 1
                sample.put(one, IMAGE)
        assert not sample.is_whole
        assert 25 < len(sample.opened) <= 100
        assert opened < 700  # a hundred for each halving
        found.append(set(sample.opened))
    assert found[0] == found[1]


def test_what_comes_of_a_file_that_was_given_up_meanwhile_is_not_kept() -> None:
    sample = Sample(max_files=10, max_bytes=10**9)
    taken = [one for one in IDS if sample.take(one, 1)]
    for one in taken:
        sample.put(one, IMAGE)
    assert all(sample.holds(one) for one in sample.opened)
    assert len(sample.opened) <= 10


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50)), st.integers(0, 10**6))
def test_scaled_counts_add_up_and_are_near(counts: dict[str, int], total: int) -> None:
    known = sum(counts.values())
    found = scaled(counts, total)
    assert sum(found.values()) == (total if known else 0)
    if known:
        assert all(abs(found[name] - count * total / known) <= 1 for name, count in counts.items())
    if known == total:
        assert found == counts


def imported(embedded: int, cached: int, active_s: float, **options: bool) -> JobRecord:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    request = import_request("default", b"/photos", IngestOptions.model_validate(options))
    return JobRecord(
        id="job",
        collection_id=1,
        request=request,
        state=JobState.COMPLETED,
        reason=None,
        reason_code=None,
        counts=JobCounts(embedded=embedded, cached=cached),
        errors_by_code={},
        progress=SavedProgress(active_s=active_s),
        created_at=now,
        started_at=now,
        updated_at=now,
        finished_at=now,
    )


def test_speeds_come_from_imports_that_say_something() -> None:
    jobs = [
        imported(1000, 0, 100),
        imported(0, 500, 1),
        imported(3, 0, 100),  # too few
        imported(1000, 0, 1000, captions=True),
        replace(imported(1000, 0, 0)),  # no time at all
        imported(400, 400, 40),
    ]
    assert speeds_of(jobs, captions=False) == Speeds((10.0, 20.0), (500.0,))
    assert speeds_of(jobs, captions=True) == Speeds((1.0,), ())
    assert speeds_of([imported(100, 0, 10)] * 9, captions=False) == Speeds((10.0,) * 5, ())


def times(found: Duration | None) -> tuple[float, float | None]:
    assert found is not None
    return found.low_s, found.high_s


def test_the_time_is_a_range_of_what_was_measured() -> None:
    speeds = Speeds((10.0, 20.0), (100.0,))
    found = duration(embedded=200, cached=100, speeds=speeds, service_images_per_s=None)
    assert times(found) == pytest.approx((0.9 * (10 + 1), 1.1 * (20 + 1)))
    slow = Speeds((10.0,))
    alone = duration(embedded=0, cached=100, speeds=slow, service_images_per_s=None)
    assert times(alone) == pytest.approx((9, 11))
    nothing = duration(embedded=0, cached=0, speeds=Speeds(), service_images_per_s=None)
    assert times(nothing) == (0, 0)


def test_without_an_import_the_service_says_the_least_time_and_else_nobody_can_tell() -> None:
    least = duration(embedded=100, cached=5, speeds=Speeds(), service_images_per_s=50)
    assert least == Duration(100 / 50 * 0.9, None)
    assert duration(embedded=100, cached=0, speeds=Speeds(), service_images_per_s=None) is None
    assert duration(embedded=0, cached=5, speeds=Speeds(), service_images_per_s=50) is None


def test_the_space_of_a_point_is_measured_where_enough_of_them_are() -> None:
    measured = point_bytes(
        dim=512, points=1000, table_bytes=3_000_000, thumbnail_bytes=[9000, 7000]
    )
    assert (measured.rows, measured.thumbnail, measured.is_measured) == (3000, 8000, True)
    assert measured.total == 3000 + 8000 + 2048 + 1024
    assumed = point_bytes(dim=512, points=99, table_bytes=10**9, thumbnail_bytes=[9000])
    assert not assumed.is_measured
    assert 20_000 < assumed.total < 30_000
