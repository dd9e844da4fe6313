"""A fault of the moment costs no words: who needs them waits, and their table stays."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import pytest
from anyio import create_task_group, fail_after, sleep_forever, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from structlog.testing import capture_logs

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    NoTableError,
    reading,
    unreadable,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened
from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.jobs import context
from ingestion_orchestration_fastapi_app.library.words import collection_words, filling
from tests.component.bench import PATIENCE_S, Bench
from tests.memory_words import MemoryWords

pytestmark = pytest.mark.anyio


class Failing(MemoryWords):
    """Whose calls fail with these, as long as there are any."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[OSError] = []

    async def fail(self, table: str) -> None:
        await checkpoint()
        if self.faults:
            with reading(table):
                raise self.faults.pop(0)

    async def open(self, table: str, *, synced_version: int | None) -> Opened:
        await self.fail(table)
        return await super().open(table, synced_version=synced_version)

    async def write(
        self, table: str, words: Sequence[Words], *, may_exist: Collection[UUID]
    ) -> int:
        await self.fail(table)
        return await super().write(table, words, may_exist=may_exist)

    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        await self.fail(table)
        return await super().get(table, ids)

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        await self.fail(table)
        return await super().delete(table, ids)


def timed_out() -> OSError:
    return OSError(errno.ETIMEDOUT, "timed out")


def refused() -> OSError:
    return PermissionError(errno.EACCES, "Permission denied")


def damaged() -> OSError:
    return OSError(errno.EIO, "Input/output error")


FAULTS = [(timed_out, "default.words"), (refused, "default.words2"), (damaged, "default.words2")]


async def imported() -> tuple[Bench, Failing]:
    words = Failing()
    bench = Bench(words=words)
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    return bench, words


@pytest.mark.parametrize(("fault", "table"), FAULTS)
@pytest.mark.parametrize("is_open", [False, True])
async def test_an_import_waits_for_words_and_replaces_them_only_where_they_are_lost(
    fault: Callable[[], OSError],
    table: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_open: bool,
) -> None:
    monkeypatch.setattr(context, "RETRY_STORAGE_S", 0.001)
    bench, words = await imported()
    collections = bench.collections()
    if is_open:
        await collections.check_all()
    bench.library.put(b"b.jpg", b"image b")
    words.faults = [fault()]
    assert (await bench.job(collections)).counts.embedded == 1
    collection = await bench.collection()
    assert collection.words_table == table
    await bench.fill_words(collections)
    assert len([one async for ids in words.ids(table) for one in ids]) == 2


@pytest.mark.parametrize(("fault", "table"), FAULTS)
async def test_words_that_are_deleted_are_replaced_only_where_they_are_lost(
    fault: Callable[[], OSError], table: str
) -> None:
    bench, words = await imported()
    collections = bench.collections()
    await collections.check_all()
    words.faults, is_moments = [fault()], fault is timed_out
    ids = list(await bench.rows())
    if is_moments:
        with pytest.raises(StoreWrite):
            await collections.words.delete(await bench.collection(), ids)
    await collections.words.delete(await bench.collection(), ids)
    assert (await bench.collection()).words_table == table


async def test_a_root_is_forgotten_where_words_cannot_be_and_they_go_later() -> None:
    bench, words = await imported()
    collections = bench.collections()
    await collections.check_all()
    words.faults = [timed_out()]
    collection = await bench.collection()
    await collections.roots.forget(collection, bench.library.root.path)
    async with create_task_group() as tg:
        tg.start_soon(bench.filling(collections).serve)
        await wait_all_tasks_blocked()
        tg.cancel_scope.cancel()
    assert await bench.rows() == {}
    assert await bench.ledger.artefacts.count_stored(collection.bound().id) == 0


async def test_a_filling_that_the_moment_ends_is_tried_again_on_the_same_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "RETRY_S", 0.0)
    bench, words = await imported()
    collections = bench.collections()
    words.faults = [timed_out(), timed_out(), timed_out()]
    await collections.check_all()
    collection = await bench.collection()
    assert collection.words_table == "default.words"
    async with create_task_group() as tg:
        tg.start_soon(bench.filling(collections).serve)
        with fail_after(PATIENCE_S):
            while not collections.words.state(collection).whole:
                await checkpoint()
        tg.cancel_scope.cancel()
    assert (await bench.collection()).words_table == "default.words"


async def test_who_reads_words_goes_without_for_the_moment_and_nothing_is_made_again() -> None:
    bench, words = await imported()
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    words.faults = [timed_out()]
    ids = list(await bench.rows())
    assert await collections.words.found(collection, ids) == {}
    fills = collections.words.state(collection).fills
    async with create_task_group() as tg:
        tg.start_soon(bench.filling(collections).serve)
        await wait_all_tasks_blocked()
        tg.cancel_scope.cancel()
    assert collections.words.state(collection).fills == fills
    assert set(await collections.words.found(collection, ids)) == set(ids)


class Hanging(MemoryWords):
    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        await sleep_forever()
        raise AssertionError("it sleeps for ever")


async def test_images_come_without_captions_where_words_hang_and_that_is_logged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collection_words, "FIND_WAIT_S", 0.001)
    bench = Bench(words=Hanging())
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    collections, collection = bench.collections(), await bench.collection()
    await collections.check_all()
    points = await bench.store.page("default", limit=1, offset=0)
    with capture_logs() as logs, fail_after(PATIENCE_S):
        for _ in range(3):
            assert await collections.words.joined(collection, points) == points
    assert [one["event"] for one in logs] == ["words_not_found_in_time"]


def test_a_table_that_is_gone_is_no_fault_of_the_moment_whatever_it_is_called() -> None:
    fault = unreadable("connect.words", NoTableError("connect.words"))
    assert fault.damaged_table == "connect.words"
