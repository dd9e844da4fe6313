"""What every store of words promises: the in-memory twin, a folder, a bucket."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.domain.search.word_query import every_word, word_query
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from tests.memory_words import all_terms, holds

pytestmark = pytest.mark.anyio

TABLE = "holidays.words"
# So few that some follow one another by chance, in one script and in another.
_VOCABULARY = ("beach", "red", "the", "of", "東", "京", "東京", "京都", "Café", "cafe", "IMG_1")


def row(number: int, text: str, caption: str | None = None) -> Words:
    return Words(UUID(int=number), text, caption, None if caption is None else "blip")


async def filled(words: WordStore, *texts: str) -> list[Words]:
    rows = [row(number, text) for number, text in enumerate(texts)]
    await words.create(TABLE)
    await words.write(TABLE, rows, may_exist=())
    return rows


async def found(words: WordStore, text: str) -> set[int]:
    return {hit.id.int for hit in await words.search(TABLE, every_word(text), limit=1000)}


async def all_ids(words: WordStore) -> list[int]:
    return sorted([one.int async for group in words.ids(TABLE) for one in group])


async def test_words_come_back_as_they_were_written(words: WordStore) -> None:
    await words.create(TABLE)
    rows = [row(1, "straße\nimg_1.jpg", "Ein Fahrrad, 自転車"), row(2, "2.jpg")]
    await words.write(TABLE, rows, may_exist=())
    asked = [rows[1].id, uuid4(), rows[0].id]
    assert await words.get(TABLE, asked) == {one.id: one for one in rows}


async def test_every_word_must_be_there_in_the_text_or_the_caption(words: WordStore) -> None:
    await words.create(TABLE)
    rows = [row(1, "beach", "a red ball"), row(2, "red beach"), row(3, "beach", "blue")]
    await words.write(TABLE, rows, may_exist=())
    assert await found(words, "RED beach") == {1, 2}
    assert await found(words, "beach red green") == set()


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("münchen/dsc_0001.jpg", "Munchen"),
        ("munchen", "mu\u0308nchen"),
        ("the dogs were running", "the"),
        ("東京タワーの夜景", "タワー"),
        ("東京タワーの夜景", "夜"),
        ("서울에서 봄", "서울"),
        ("x" * 300, "X" * 300),
        ("rock'n'roll", "rock n roll"),
    ],
)
async def test_people_find_what_they_type(words: WordStore, said: str, asked: str) -> None:
    await filled(words, said, "something else")
    assert await found(words, asked) == {0}


@pytest.mark.parametrize("asked", ["京東", "タワ夜", "dog", "", " ", "?!", '"the" AND NOT *'])
async def test_nothing_else_is_found(words: WordStore, asked: str) -> None:
    await filled(words, "東京タワーの夜景", "the dogs were running")
    assert await found(words, asked) == set()


async def test_the_best_come_first_and_equals_by_id(words: WordStore) -> None:
    await filled(words, "a long text that says sea once", "sea sea", "hill", "sea sea", "hill")
    hits = await words.search(TABLE, every_word("sea"), limit=10)
    assert [hit.id.int for hit in hits] == [1, 3, 0]
    assert hits[0].score == hits[1].score > hits[2].score > 0
    assert [hit.id.int for hit in await words.search(TABLE, every_word("sea"), limit=1)] in (
        [1],
        [3],
    )
    assert await words.search(TABLE, every_word("sea"), limit=0) == []


async def test_any_of_the_words_will_do_and_quoted_ones_must_be_there(words: WordStore) -> None:
    await filled(words, "a dog on the beach", "dog", "on the sofa", "the beach dog", "beach, on")
    hits = await words.search(TABLE, word_query("a dog on the beach"), limit=10)
    assert [hit.id.int for hit in hits][:2] in ([3, 0], [0, 3])
    assert {hit.id.int for hit in hits} == {0, 1, 3, 4}
    hits = await words.search(TABLE, word_query("dog „the BEACH“"), limit=10)
    assert {hit.id.int for hit in hits} == {0, 3}
    hits = await words.search(TABLE, word_query('sofa "on the"'), limit=10)
    assert [hit.id.int for hit in hits] == [2, 0]


async def test_a_search_may_be_among_some_ids(words: WordStore) -> None:
    rows = await filled(words, *["sea"] * 30)
    among = {rows[number].id for number in (3, 29)} | {uuid4()}
    hits = await words.search(TABLE, every_word("sea"), limit=2, among=among)
    assert {hit.id.int for hit in hits} == {3, 29}
    assert await words.search(TABLE, every_word("sea"), limit=2, among=()) == []


async def test_appending_twice_doubles_a_row_and_merging_does_not(words: WordStore) -> None:
    rows = await filled(words, "one", "two")
    changed = replace(rows[1], caption="three")
    await words.write(TABLE, [changed, row(5, "new")], may_exist=[rows[1].id, UUID(int=5)])
    assert await all_ids(words) == [0, 1, 5]
    assert await found(words, "three") == {1}
    await words.write(TABLE, rows[:1], may_exist=())
    assert await all_ids(words) == [0, 0, 1, 5]
    assert (await words.size(TABLE)).points == 4


async def test_deleted_rows_are_not_found(words: WordStore) -> None:
    rows = await filled(words, "sea", "sea", "sea")
    await words.delete(TABLE, [rows[0].id, rows[2].id, uuid4()])
    assert await found(words, "sea") == {1}
    assert await all_ids(words) == [1]


async def test_versions_only_grow_and_an_empty_group_changes_nothing(words: WordStore) -> None:
    created = await words.create(TABLE)
    assert await words.create(TABLE) == created
    written = await words.write(TABLE, [row(1, "a")], may_exist=())
    deleted = await words.delete(TABLE, [UUID(int=1)])
    assert created < written < deleted
    assert await words.write(TABLE, [], may_exist=()) == deleted
    assert (await words.open(TABLE, synced_version=deleted)).version == deleted
    assert (await words.open(TABLE, synced_version=None)).version == deleted


async def test_a_table_that_is_not_there_cannot_be_read_or_written(words: WordStore) -> None:
    assert not await words.exists(TABLE)
    with pytest.raises(StoreRead):
        await words.search(TABLE, every_word("sea"), limit=1)
    with pytest.raises(StoreRead):
        await words.get(TABLE, [uuid4()])
    with pytest.raises(ValueError, match="never created"):
        await words.write(TABLE, [row(1, "a")], may_exist=())
    await words.drop(TABLE)


async def test_a_dropped_table_is_made_anew_empty(words: WordStore) -> None:
    await filled(words, "sea")
    await words.drop(TABLE)
    assert not await words.exists(TABLE)
    await words.create(TABLE)
    assert await all_ids(words) == []
    assert await found(words, "sea") == set()


@pytest.mark.parametrize("seed", range(3))
async def test_a_search_finds_all_that_hold_its_words_whatever_was_written_before(
    words: WordStore, seed: int
) -> None:
    rng, there, made = random.Random(seed), dict[UUID, Words](), 0
    await words.create(TABLE)
    for _ in range(25):
        match rng.choice(("append", "append", "merge", "delete", "upkeep")):
            case "append":
                new = [_made(made + number, rng) for number in range(rng.randrange(1, 12))]
                made += len(new)
                await words.write(TABLE, new, may_exist=())
                there |= {one.id: one for one in new}
            case "merge":
                new = [_made(one.int, rng) for one in _some(there, rng)]
                await words.write(TABLE, new, may_exist=[one.id for one in new])
                there |= {one.id: one for one in new}
            case "delete":
                gone = _some(there, rng)
                await words.delete(TABLE, gone)
                there = {one: held for one, held in there.items() if one not in gone}
            case _:
                await words.upkeep(TABLE)
        text = " ".join(rng.choices(_VOCABULARY, k=rng.randrange(1, 4)))
        for query in (every_word(text), word_query(text), word_query(f'"{text}" {_VOCABULARY[0]}')):
            holding = {one.int for one, held in there.items() if holds(all_terms(held), query)}
            hits = await words.search(TABLE, query, limit=1000)
            assert {hit.id.int for hit in hits} == holding, query
    assert await all_ids(words) == sorted(one.int for one in there)


def _made(number: int, rng: random.Random) -> Words:
    caption = rng.choice((None, " ".join(rng.choices(_VOCABULARY, k=3))))
    return row(number, rng.choice((" ", "")).join(rng.choices(_VOCABULARY, k=4)), caption)


def _some(there: dict[UUID, Words], rng: random.Random) -> list[UUID]:
    return rng.sample(sorted(there), min(len(there), 5))
