"""The pure rules: identity, file_start, windows, waits, cuts, rates."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.deletion import (
    changed_devices,
    guarded,
    protected,
    relative_range,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_collection_name,
    is_within,
    point_id,
    root_at,
)
from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits, halves
from ingestion_orchestration_fastapi_app.domain.inference.retry_policy import RetryPolicy
from ingestion_orchestration_fastapi_app.domain.inference.window import Window
from ingestion_orchestration_fastapi_app.domain.jobs import rates
from ingestion_orchestration_fastapi_app.domain.jobs.rates import Mark
from ingestion_orchestration_fastapi_app.domain.jobs.states import (
    FINAL,
    MOVES,
    Control,
    after,
    may_move,
)
from tests.fakes import capabilities
from utils.contract import JobState


def test_ids_never_change() -> None:
    """Every stored point hangs on these two values."""
    root = root_at(b"/photos")
    assert root.id == UUID("ae2df3cf-5b38-521b-b2eb-790bcdb90862")
    assert point_id("default", root.id, b"a/\xff.jpg") == UUID(
        "b5edaed3-d495-57c5-9c10-c9647375e3f1"
    )


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_different_paths_have_different_ids(one: bytes, other: bytes) -> None:
    root = root_at(b"/photos")
    same = point_id("c", root.id, one) == point_id("c", root.id, other)
    assert same == (one == other)


@given(st.uuids(), st.binary())
def test_a_point_id_is_the_uuid5_of_its_name(root_id: UUID, path: bytes) -> None:
    name = (b"default\0" + path).decode("latin-1")
    assert point_id("default", root_id, path) == uuid5(root_id, name)


@given(st.binary())
def test_any_path_shows_as_text_that_utf8_can_carry(path: bytes) -> None:
    display_text(path).encode("utf-8")


def test_a_folder_is_not_within_one_whose_name_it_begins_with() -> None:
    assert is_within(b"/photos/2024", b"/photos")
    assert is_within(b"/photos", b"/photos")
    assert is_within(b"/anything", b"/")
    assert not is_within(b"/photos2", b"/photos")


def test_a_path_belongs_to_the_deepest_root_above_it() -> None:
    roots = [root_at(b"/p"), root_at(b"/p/a"), root_at(b"/q")]
    found = deepest_root(b"/p/a/b", roots)
    assert found is not None
    assert found.path == b"/p/a"
    assert deepest_root(b"/r", roots) is None


def test_names_of_collections_are_plain() -> None:
    assert all(is_collection_name(name) for name in ("default", "a", "Trip_2024.raw-1"))
    bad = ("", ".", "../x", "a/b", "a b", "é", "x" * 64)
    assert not any(is_collection_name(name) for name in bad)


@given(st.integers(0, 64), st.lists(st.booleans(), max_size=200))
def test_a_window_stays_between_one_and_its_cap(limit: int, answers: list[bool]) -> None:
    window = Window.of_limit(limit)
    cap = window.cap
    for good in answers:
        before = window.size
        window = window.answered() if good else window.overloaded()
        assert 1 <= window.size <= cap
        assert window.size <= before + 1


def test_a_window_comes_back_to_its_cap() -> None:
    window = Window.of_limit(4).overloaded().overloaded()
    assert window.size == 1
    for _ in range(1 + 2 + 3):
        window = window.answered()
    assert window.size == 4


@given(st.integers(0, 10_000), st.floats(0, 0.999), st.one_of(st.none(), st.floats(0, 1e6)))
def test_a_wait_is_bounded_and_never_shorter_than_asked(
    attempt: int, jitter: float, asked_s: float | None
) -> None:
    policy = RetryPolicy()
    wait_s = policy.wait_s(attempt, asked_s=asked_s, jitter=jitter)
    if asked_s is None:
        assert 0 < wait_s <= policy.max_s
    else:
        assert min(asked_s, policy.asked_max_s) <= wait_s <= policy.asked_max_s * 1.25


def test_batches_are_cut_by_the_smallest_of_three_limits() -> None:
    told = capabilities(safe_batch=100)
    assert BatchLimits.of(told, wanted_images=128).max_images == 100
    assert BatchLimits.of(told, wanted_images=7).max_images == 7
    huge = capabilities(safe_batch=1000)
    assert BatchLimits.of(huge, wanted_images=1000).max_images == 256


@given(st.lists(st.integers(), min_size=2))
def test_halves_are_never_empty_and_lose_nothing(items: list[int]) -> None:
    left, right = halves(items)
    assert left
    assert right
    assert left + right == items


def test_a_final_state_is_final_and_every_state_is_in_the_table() -> None:
    assert set(MOVES) == set(JobState)
    for state in JobState:
        assert (MOVES[state] == frozenset()) == (state in FINAL)
        assert FINAL & MOVES[state] or state in FINAL
    assert may_move(JobState.QUEUED, JobState.RUNNING)
    assert not may_move(JobState.COMPLETED, JobState.RUNNING)


@given(st.sampled_from(JobState), st.lists(st.sampled_from(Control), max_size=20))
def test_controls_move_only_along_the_table_and_twice_is_once(
    state: JobState, asked: list[Control]
) -> None:
    for control in asked:
        to = after(state, control)
        if to is None:
            assert state in FINAL
            continue
        assert to is state or may_move(state, to)
        assert after(to, control) is to
        state = to


@given(st.lists(st.sampled_from(Control), max_size=20))
def test_no_control_brings_a_cancelled_job_back(asked: list[Control]) -> None:
    for control in asked:
        assert after(JobState.CANCELLED, control) in (None, JobState.CANCELLED)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 100))
def test_a_removal_is_guarded_by_share_and_number(missing: int, found: int, percent: float) -> None:
    guard = guarded(missing, found, percent=percent)
    if not found:
        assert guard == (missing > 0)
    elif missing <= 10:
        assert not guard
    else:
        assert guarded(missing + 1, found, percent=percent) >= guard
        assert guarded(missing, found + 1, percent=percent) <= guard


folders = st.lists(st.sampled_from([b"a", b"b", b"a0", b"\xff"]), max_size=4).map(
    lambda parts: b"/" + b"/".join(parts)
)


@given(folders, folders, folders)
def test_a_range_of_relative_paths_is_the_folder(root: bytes, folder: bytes, path: bytes) -> None:
    path = path.rstrip(b"/") + b"/file"
    if not is_within(path, root):
        return
    found = relative_range(root, folder)
    relative = path[len(root.rstrip(b"/")) + 1 :]
    in_range = (
        found is not None and found[0] < relative and (found[1] is None or relative < found[1])
    )
    assert in_range == is_within(path, folder)
    assert protected(path, {folder}) == is_within(path, folder)


def test_a_device_is_compared_with_the_one_above_where_a_mount_is_gone() -> None:
    known = {b"/p": 1, b"/p/disk": 2, b"/p/old": 1, b"/q": 9}
    assert changed_devices(known, {b"/p": 1, b"/p/disk": 2}, b"/p") == {}
    assert changed_devices(known, {b"/p": 1}, b"/p") == {b"/p/disk": 1}
    assert changed_devices(known, {b"/p/disk/x": 1}, b"/p/disk/x") == {b"/p/disk/x": 1}
    assert changed_devices(known, {b"/p/disk/x": 2}, b"/p/disk/x") == {}
    assert changed_devices({}, {b"/p": 1}, b"/p") == {}


def test_the_rate_is_of_the_last_seconds_only() -> None:
    marks = [Mark(0, 0), Mark(100, 1000), Mark(110, 1100)]
    assert rates.recent_rate(marks, now_s=110) == 10
    assert rates.recent_rate(marks[:1], now_s=1) == 0


def test_time_left_is_unknown_until_the_total_is_known() -> None:
    known = {"recent_rate": 10.0, "average_rate": 5.0}
    assert rates.eta(100, **known, scan_complete=False) is None
    assert rates.eta(100, recent_rate=0, average_rate=5, scan_complete=True) is None
    assert rates.eta(100, **known, scan_complete=True) == rates.Eta(10, 9, 22)


@given(st.integers(0, 10**7), st.floats(0.01, 1e5), st.floats(0, 1e5))
def test_the_likely_time_left_lies_in_its_range(
    pending: int, recent_rate: float, average_rate: float
) -> None:
    left = rates.eta(
        pending, recent_rate=recent_rate, average_rate=average_rate, scan_complete=True
    )
    assert left is not None
    assert 0 <= left.low_s <= left.likely_s <= left.high_s


def test_the_busiest_stage_is_named() -> None:
    stages, workers = {"decode": 19.0, "embed": 4.0, "store": 1.0}, {"decode": 2}
    shares = rates.busy_shares(stages, workers, elapsed_s=10, inference_s=3.9)
    assert shares == pytest.approx({"decode": 0.95, "embed": 0.39, "store": 0.1})
    sentence = rates.bottleneck(shares, workers)
    assert sentence == "decode-bound: 2 of 2 workers busy, inference idle 61 %"
    shares = rates.busy_shares({"decode": 2.0}, {}, elapsed_s=10, inference_s=9.7)
    sentence = rates.bottleneck(shares, {})
    assert sentence == "inference-bound: a batch was under way 97 % of the time"
    assert rates.bottleneck({}, {}) is None
    assert rates.busy_shares({"decode": 1.0}, {}, elapsed_s=0, inference_s=0) == {}
