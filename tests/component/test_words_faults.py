"""Words that two fill at once, or that cannot be read or made: nobody is kept from his work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from uuid import UUID

import pytest
from anyio import Event, create_task_group, fail_after, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite
from tests.component.bench import PATIENCE_S, Bench
from tests.memory_words import MemoryWords

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
