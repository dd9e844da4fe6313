"""Searches by words and meaning: modes, quotes, what is said of a hit, pages, faults."""

from __future__ import annotations

import errno
from collections.abc import Collection
from uuid import UUID

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.errors import reading
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit
from ingestion_orchestration_fastapi_app.domain.search.word_query import WordQuery
from ingestion_orchestration_fastapi_app.errors import CursorRefused, StoreRead
from ingestion_orchestration_fastapi_app.library.searching import worded
from ingestion_orchestration_fastapi_app.library.searching.query import Found
from tests.component.made_library import MadeLibrary, made_library, picture, unit
from tests.memory_words import MemoryWords
from utils.contract.search import SearchMode
from utils.problems import MlUnavailable

pytestmark = pytest.mark.anyio

DIM = 16
DOG, CAR = unit(np.eye(DIM)[0]), unit(np.eye(DIM)[1])
TEXTS = {
    "a dog on the beach": DOG,
    '"red car"': CAR,
    'dog "red car"': DOG,
    "IMG_0007": unit(np.eye(DIM)[5]),
    "the of a": CAR,
    "red": CAR,
}


def leaning(axis: int, number: int) -> Vector:
    """Near to an axis, the less the greater the number."""
    vector = np.zeros(DIM)
    vector[axis], vector[DIM - 1 - number % 8] = 1, 0.1 + number / 10
    return unit(vector)


def pictures() -> list[Point]:
    """0 to 9 look like dogs, 10 to 19 like cars; one of the cars is said to be a dog on a beach."""
    captions = {3: "a dog", 12: "a dog on a beach", 15: "a red car", 4: "a car that is red"}
    return [
        picture(
            number,
            leaning(number // 10, number),
            caption=captions.get(number),
            path=f"/photos/IMG_{number:04d}.jpg",
            keywords=("Red car",) if number == 17 else (),
        )
        for number in range(20)
    ]


async def library(words: MemoryWords | None = None) -> MadeLibrary:
    return await made_library(pictures(), TEXTS, words=words)


def numbers(found: Found) -> list[int]:
    return [int(hit.point.filename[4:8]) for hit in found.hits]


async def test_what_is_said_and_what_is_seen_are_both_near_the_top() -> None:
    found = await (await library()).found("a dog on the beach", mode=SearchMode.HYBRID)
    assert found.mode is SearchMode.HYBRID
    assert set(numbers(found)[:2]) == {0, 12}
    hits = dict(zip(numbers(found), found.hits, strict=True))
    assert (hits[12].words, hits[0].words) == (("dog", "beach"), ())
    assert hits[0].word_score is None
    assert (hits[12].word_score or 0) > 0
    assert hits[12].score == pytest.approx(0, abs=1e-6)
    assert hits[0].score == pytest.approx(float(pictures()[0].vector @ DOG))


async def test_left_to_us_words_help_where_a_picture_holds_them_all() -> None:
    there = await library()
    assert (await there.found("a dog on the beach", mode=SearchMode.AUTO)).mode == "hybrid"
    found = await there.found("IMG_0007", mode=SearchMode.AUTO)
    assert (found.mode, numbers(found)[0]) == ("hybrid", 7)
    found = await there.found("the of a", mode=SearchMode.AUTO)
    assert (found.mode, numbers(found)[0]) == ("vector", 10)
    assert (await there.found("a dog on the beach")).mode == "vector"


@pytest.mark.parametrize("mode", [SearchMode.AUTO, SearchMode.HYBRID, SearchMode.TEXT])
async def test_quoted_words_must_be_there_in_their_order(mode: SearchMode) -> None:
    there = await library()
    found = await there.found('"red car"', mode=mode)
    assert set(numbers(found)) == {15, 17}
    assert all(hit.words == ("red car",) for hit in found.hits)
    found = await there.found('dog "red car"', mode=mode)
    assert set(numbers(found)) == {15, 17}


async def test_words_alone_need_no_model_and_have_no_cosine() -> None:
    there = await library()
    there.service.away = True
    found = await there.found("a dog on the beach", mode=SearchMode.TEXT)
    assert numbers(found) == [12]
    assert found.hits[0].score is None
    assert not found.hits[0].is_near
    with pytest.raises(MlUnavailable):
        await there.found("a dog on the beach", mode=SearchMode.HYBRID)


async def test_filters_hold_for_what_words_find_too(monkeypatch: pytest.MonkeyPatch) -> None:
    there = await library()
    narrow = Filters(keywords=("red car",))
    for mode in SearchMode:
        assert numbers(await there.found('"red car"', mode=mode, filters=narrow)) == [17]
    # All that the filter lets through is further down than words are read.
    monkeypatch.setattr(worded, "DEPTH_OF_QUOTED", 1)
    assert numbers(await there.found('"red car"', mode=SearchMode.TEXT, filters=narrow)) == [17]


async def test_a_least_score_holds_for_what_words_find() -> None:
    there = await library()
    found = await there.found("a dog on the beach", mode=SearchMode.HYBRID, min_score=0.5)
    assert 12 not in numbers(found)
    assert all((hit.score or 0) >= 0.5 for hit in found.hits)


async def test_pages_of_both_repeat_nothing_while_pictures_come_in() -> None:
    there = await library()
    text, mode = "a dog on the beach", SearchMode.HYBRID
    first = await there.found(text, mode=mode, limit=4)
    seen, cursor = numbers(first), first.cursor
    for page in range(6):
        more = [
            picture(
                100 + 10 * page + each,
                leaning(0, each),
                caption="a dog on the beach" if each == 0 else None,
                path=f"/photos/IMG_{100 + 10 * page + each:04d}.jpg",
            )
            for each in range(3)
        ]
        await there.add(more)
        found = await there.found(text, mode=mode, limit=4, cursor=cursor)
        seen, cursor = seen + numbers(found), found.cursor
    assert len(seen) == len(set(seen)) == 28
    assert set(range(6)) <= set(seen)


async def test_all_pages_are_all_that_was_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    there = await library()
    for mode in (SearchMode.HYBRID, SearchMode.AUTO):
        seen, cursor = list[int](), None
        while True:
            found = await there.found("a dog on the beach", mode=mode, limit=3, cursor=cursor)
            seen, cursor = seen + numbers(found), found.cursor
            if cursor is None:
                break
        whole = await there.found("a dog on the beach", mode=mode, limit=50)
        assert seen == numbers(whole)
        assert sorted(seen) == list(range(20))
        skipped = await there.found("a dog on the beach", mode=mode, limit=50, offset=5)
        assert numbers(skipped) == seen[5:]


async def test_a_cursor_is_of_its_mode() -> None:
    there = await library()
    found = await there.found("a dog on the beach", mode=SearchMode.HYBRID, limit=3)
    with pytest.raises(CursorRefused):
        await there.found("a dog on the beach", mode=SearchMode.VECTOR, cursor=found.cursor)


class Silent(MemoryWords):
    async def search(
        self, table: str, query: WordQuery, *, limit: int, among: Collection[UUID] | None = None
    ) -> list[WordHit]:
        with reading(table):
            raise OSError(errno.ETIMEDOUT, "timed out")


@pytest.mark.parametrize("mode", [SearchMode.AUTO, SearchMode.HYBRID, SearchMode.TEXT])
async def test_words_that_do_not_answer_are_a_warning_and_no_failure(mode: SearchMode) -> None:
    found = await (await library(Silent())).found("a dog on the beach", mode=mode)
    assert (found.mode, found.warning_details) == ("vector", (worded.NOT_ANSWERING,))
    assert numbers(found)[0] == 0


async def test_words_that_are_not_whole_are_a_warning() -> None:
    there = await library()
    collection = await there.collections.get("default")
    there.collections.words.state(collection).whole = False
    found = await there.found("a dog on the beach", mode=SearchMode.HYBRID)
    assert found.warning_details == (worded.NOT_WHOLE,)


async def test_words_that_many_pictures_hold_alike_find_them_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worded, "DEPTH", 5)
    alike = [picture(n, CAR, path=f"/photos/IMG_{n:04d}.jpg", caption="beach") for n in range(9)]
    there = await made_library(alike, {"beach": DOG})
    found = await there.found("beach", mode=SearchMode.TEXT)
    assert len(found.hits) == 5


async def test_a_picture_that_filters_leave_out_puts_none_aside() -> None:
    there = await library()
    # 12 holds both words of it, and is left out; 3 holds one.
    only_three = Filters(path_prefix="/photos/IMG_0003")
    found = await there.found("a dog on the beach", mode=SearchMode.TEXT, filters=only_three)
    assert numbers(found) == [3]
    found = await there.found("a dog on the beach", mode=SearchMode.AUTO, filters=only_three)
    assert found.mode is SearchMode.VECTOR


@pytest.mark.parametrize("mode", [SearchMode.HYBRID, SearchMode.TEXT])
async def test_a_further_page_without_its_words_is_no_other_list(
    mode: SearchMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await library()
    first = await there.found("red", mode=mode, limit=1)
    assert first.cursor is not None
    monkeypatch.setattr(MemoryWords, "search", Silent.search)
    with pytest.raises(StoreRead):
        await there.found("red", mode=mode, limit=1, cursor=first.cursor)
    monkeypatch.undo()
    assert (await there.found("red", mode=mode, limit=1, cursor=first.cursor)).hits
