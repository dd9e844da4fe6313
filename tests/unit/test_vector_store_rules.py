"""The vector store's pure parts: when upkeep is due, which version is tried, what readers hold."""

from __future__ import annotations

import errno

import pyarrow as pa
import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    is_damage,
    is_moment,
    reading,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.lance.readers import Readers
from ingestion_orchestration_fastapi_app.adapters.lance.repair.recovery import (
    candidates,
    version_of,
)
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import (
    Limits,
    TableState,
    Work,
    work_due,
)
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead, StoreWrite
from utils.problems import ServiceOverloaded

LIMITS = Limits(index_threshold_rows=50_000, compact_every_fragments=100)


def state(
    rows: int,
    *,
    fragments: int = 1,
    settled_fragments: int = 0,
    indexed: bool = False,
    unindexed_rows: int = 0,
    segments: int = 1,
    built_rows: int = 0,
) -> TableState:
    return TableState(
        rows, fragments, settled_fragments, indexed, unindexed_rows, segments, built_rows
    )


@pytest.mark.parametrize(
    ("table", "work"),
    [
        (state(0, fragments=0), Work.NOTHING),
        (state(49_999, fragments=99), Work.NOTHING),
        (state(9_000, fragments=100), Work.COMPACT),
        (state(9_000, fragments=130, settled_fragments=40), Work.NOTHING),
        (state(50_000), Work.INDEX),
        (state(60_000, indexed=True, unindexed_rows=24_999, built_rows=35_001), Work.NOTHING),
        (state(60_000, indexed=True, unindexed_rows=25_000, built_rows=35_000), Work.COMPACT),
        (state(1_000_000, indexed=True, unindexed_rows=60_000, built_rows=940_000), Work.NOTHING),
        (state(5_000_000, indexed=True, unindexed_rows=100_000, built_rows=1), Work.COMPACT),
        (state(200_000, indexed=True, segments=17, built_rows=190_000), Work.NOTHING),
        (state(300_000, indexed=True, segments=17, built_rows=190_000), Work.INDEX),
        (state(200_000, indexed=True, segments=65, built_rows=190_000), Work.INDEX),
        (state(60_000, indexed=True, unindexed_rows=31_000, built_rows=60_000), Work.INDEX),
        (state(40_000, indexed=True, unindexed_rows=39_000, built_rows=1_000), Work.COMPACT),
    ],
)
def test_upkeep_is_done_when_searches_would_slow_down(table: TableState, work: Work) -> None:
    assert work_due(table, LIMITS) is work
    if work is not Work.INDEX:
        assert work_due(table, LIMITS, indexing=False) is work


def test_where_no_index_is_to_be_built_only_fragments_are_compacted() -> None:
    assert work_due(state(50_000), LIMITS, indexing=False) is Work.NOTHING
    assert work_due(state(50_000, fragments=100), LIMITS, indexing=False) is Work.COMPACT
    mostly = state(60_000, indexed=True, unindexed_rows=31_000, built_rows=60_000)
    assert work_due(mostly, LIMITS, indexing=False) is Work.NOTHING


def test_growing_to_a_million_rows_builds_the_index_a_few_times_only() -> None:
    rows = built_rows = indexed_rows = segments = builds = built_in_all = 0
    while rows < 1_000_000:
        rows += 4096
        table = state(
            rows,
            indexed=segments > 0,
            unindexed_rows=rows - indexed_rows,
            segments=segments,
            built_rows=built_rows,
        )
        match work_due(table, LIMITS):
            case Work.INDEX:
                segments, indexed_rows, built_rows = 1, rows, rows
                builds += 1
                built_in_all += rows
            case Work.COMPACT:
                segments, indexed_rows = segments + 1, rows
            case Work.NOTHING:
                pass
    assert builds <= 5
    assert built_in_all <= 2_500_000


def test_the_synced_version_is_tried_right_after_the_newest() -> None:
    assert list(candidates([1, 2, 5, 7, 9], 5)) == [9, 5, 7, 2, 1]
    assert list(candidates([1, 2], 9)) == [2, 1]
    assert list(candidates([3, 1], None)) == [3, 1]


@given(st.integers(1, 2**63))
def test_a_manifest_names_its_version(version: int) -> None:
    assert version_of(f"{2**64 - 1 - version:020}.manifest") == version
    assert version_of("latest_version_hint.json") is None


def test_only_a_full_disk_is_called_one() -> None:
    full = "lance error: LanceError(IO): No space left on device (os error 28), writer.rs:258:9"
    for error in (RuntimeError(full), OSError(errno.ENOSPC, "?")):
        with pytest.raises(DiskFull), writing("a", "written"):
            raise error
    with pytest.raises(StoreWrite) as caught, writing("a", "written"):
        raise RuntimeError("lance error: LanceError(IO): broken")
    assert "lance" not in caught.value.detail.lower()


def test_what_lance_raises_becomes_a_problem_and_a_mistake_stays_one() -> None:
    with pytest.raises(StoreWrite) as caught, writing("a", "written"):
        raise RuntimeError("lance error")
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(ValueError, match="mine"), writing("a", "written"):
        raise ValueError("mine")


class PanicException(BaseException):  # Lance's own, which cannot be imported
    """What a panic of Lance's native code is raised as."""


class RustPanic(Exception):
    """And one in a future."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("lance error: LanceError(IO): LZ4, /root/.cargo/registry/src/x/lib.rs:1:2"),
        PanicException("range end index 4096 out of range"),
        RustPanic("rust future panicked: unknown error"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "no text"),
        pa.ArrowInvalid("offsets"),
        OverflowError("date value out of range"),
        FileNotFoundError("gone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_damage_raises_is_a_read_that_failed_with_its_cause(error: BaseException) -> None:
    with capture_logs() as logs, pytest.raises(StoreRead) as caught, reading("trips"):
        raise error
    assert "Import" in caught.value.detail
    assert "'trips'" in caught.value.detail
    assert caught.value.cause in caught.value.reason
    assert caught.value.cause not in caught.value.detail
    assert ".cargo" not in caught.value.cause
    assert logs[0]["event"] == "store_not_read"
    assert caught.value.cause in logs[0]["error"]
    if isinstance(error, PanicException | RustPanic):
        with pytest.raises(StoreWrite), writing("trips", "written"):
            raise error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        RuntimeError("lance error: LanceError(IO): Too many open files (os error 24), local.rs:1"),
        PanicException("OS can't spawn worker thread: Cannot start (os error 11)"),
        OSError(errno.EMFILE, "Too many open files"),
    ],
)
def test_what_this_process_lacks_is_no_damage_of_a_table(error: BaseException) -> None:
    assert is_moment(error)
    assert not is_damage(error)
    with pytest.raises(ServiceOverloaded), reading("a"):
        raise error
    with pytest.raises(ServiceOverloaded), writing("a", "written"):
        raise error


def test_a_mistake_of_the_caller_is_no_damage() -> None:
    bad = ValueError("Invalid input, Error resolving filter expression width_px >= x")
    with pytest.raises(ValueError, match="filter"), reading("a"):
        raise bad
    with pytest.raises(KeyboardInterrupt), reading("a"):
        raise KeyboardInterrupt


@pytest.mark.anyio
async def test_pruning_waits_for_readers_that_began_before_the_newest_version() -> None:
    readers = Readers()
    order: list[str] = []

    async def prune() -> None:
        assert await readers.earlier_gone(wait_s=None)
        order.append("pruned")

    async with create_task_group() as tg, readers.reading():
        readers.advance()
        tg.start_soon(prune)
        await wait_all_tasks_blocked()
        order.append("read")
    assert order == ["read", "pruned"]


@pytest.mark.anyio
async def test_readers_of_the_newest_version_hold_nothing_up() -> None:
    readers = Readers()
    readers.advance()
    async with readers.reading():
        assert await readers.earlier_gone(wait_s=0)
        readers.advance()
        await checkpoint()
        assert not await readers.earlier_gone(wait_s=0)
