"""Words that two fill at once, or that cannot be read or made: nobody is kept from his work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from uuid import UUID

import pytest
from anyio import Event, create_task_group, fail_after, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite
from tests.component.bench import PATIENCE_S, Bench
from tests.component.test_verify import checked
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords
from utils.contract import JobState

pytestmark = pytest.mark.anyio


class StuckWords(MemoryWords):
    """Of which the second look through all ids waits for `go_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.go_on = Event()

    async def ids(self, table: str) -> AsyncIterator[list[UUID]]:
        self.looks += 1
        if self.looks == 2:
            await self.go_on.wait()
        async for group in super().ids(table):
            yield group


async def test_words_are_not_said_to_be_whole_while_one_of_two_fillings_is_at_work() -> None:
    """An import would else append what the other one is making, too."""
    words = StuckWords()
    bench = Bench(words=words)
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    collection, filling = await collections.get("default"), bench.filling(collections)
    words.looks = 0
    async with create_task_group() as tg:
        tg.start_soon(filling.fill, collection)
        tg.start_soon(filling.fill, collection)
        await wait_all_tasks_blocked()
        assert collections.words.undisturbed(collection) is None
        words.go_on.set()
    assert collections.words.undisturbed(collection) is not None


class UnreadableWords(MemoryWords):
    async def create(self, table: str) -> int:
        await checkpoint()
        raise StoreRead("It is damaged.", damaged_table=table)


async def test_where_no_table_for_words_can_be_made_that_is_said_and_not_tried_for_ever() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    bench.words = UnreadableWords()
    collections = bench.collections()
    with fail_after(PATIENCE_S), pytest.raises(StoreWrite):
        await collections.words.prepare(await bench.collection(), is_known=True)


async def test_words_that_can_be_neither_opened_nor_made_stop_no_collection_at_a_start() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    bench.words = UnreadableWords()
    collections = bench.collections()
    await collections.check_all()
    async with collections.reading("default") as collection:
        (point,) = await bench.store.page("default", limit=2, offset=0)
        assert await collections.words.joined(collection, [point]) == [point]


class UnreadWords(MemoryWords):
    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        await checkpoint()
        raise StoreRead("It is damaged.", damaged_table=table)


async def test_words_that_are_lost_again_while_they_are_filled_are_a_problem_and_no_bug() -> None:
    bench = Bench(words=UnreadWords())
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    with pytest.raises(StoreWrite):
        await bench.filling(collections).fill(await bench.collection())


class LostBeside(MemoryWords):
    """Whose table an import finds damaged while a filling has still to look through its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: str | None = None
        self.reached, self.go_on = Event(), Event()

    async def ids(self, table: str) -> AsyncIterator[list[UUID]]:
        self.reached.set()
        await self.go_on.wait()
        async for group in super().ids(table):
            yield group

    async def write(
        self, table: str, words: Sequence[Words], *, may_exist: Collection[UUID]
    ) -> int:
        if table == self.damaged:
            await checkpoint()
            raise StoreRead("It is damaged.", damaged_table=table)
        return await super().write(table, words, may_exist=may_exist)


async def test_a_table_that_takes_anothers_place_in_mid_filling_is_whole_once_it_is_filled() -> (
    None
):
    words = LostBeside()
    bench = Bench(words=words)
    for name in (b"a.jpg", b"b.jpg"):
        bench.library.put(name, b"image " + name)
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    collection = await collections.get("default")
    (point, _) = await bench.store.page("default", limit=2, offset=0)
    async with create_task_group() as tg:
        tg.start_soon(bench.filling(collections).fill, collection)
        await words.reached.wait()
        words.damaged = "default.words"
        await collections.words.write(collection, [point], {}, may_exist=(), undisturbed=None)
        words.go_on.set()
    assert (await bench.collection()).words_table == "default.words2"
    assert collections.words.undisturbed(collection) is not None
    assert len(await words.get("default.words2", list(await ids_of(bench)))) == 2


class UnreadPoints(MemoryStore):
    """Whose rows cannot be read any more from some call on, as `looks` says."""

    looks: int | None = None

    async def ids(self, table: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        if self.looks is not None:
            self.looks -= 1
            if self.looks < 0:
                raise StoreRead("Points are damaged.", damaged_table=table)
        async for group in super().ids(table, root_id=root_id):
            yield group


async def test_a_check_says_that_points_are_damaged_where_words_are_compared_with_them() -> None:
    store = UnreadPoints()
    bench = Bench(store=store)
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    store.looks = 1  # of the check of rows
    job = await checked(bench, collections, mend=False)
    assert job.state is JobState.FAILED
    assert job.reason is not None
    assert "Points are damaged" in job.reason


async def ids_of(bench: Bench) -> list[UUID]:
    return [one async for ids in bench.store.ids("default") for one in ids]
