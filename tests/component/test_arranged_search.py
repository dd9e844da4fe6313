"""Searches by examples; sorted, made diverse, folded, counted: and their pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.domain.search.folding import Fold
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.library.searching import pool
from ingestion_orchestration_fastapi_app.library.searching.mixed import Example
from ingestion_orchestration_fastapi_app.library.searching.query import Found
from tests.component.made_library import MadeLibrary, made_library, picture, query, unit
from utils.contract.search import MAX_CURSOR_CHARACTERS, SearchMode, SearchSort
from utils.problems import ValidationProblem

pytestmark = pytest.mark.anyio

DIM = 16
X, Y = unit(np.eye(DIM)[0]), unit(np.eye(DIM)[1])
NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001  # a camera's clock has no zone
COPIES = Fold(copies=True)


def leaning(number: int, *, to: int = 0) -> Vector:
    """The less the greater the number."""
    vector = np.zeros(DIM)
    vector[to], vector[2 + number % (DIM - 2)] = 1, 0.02 * (number + 1)
    return unit(vector)


def made(number: int, vector: Vector | None = None, *, content: int | None = None) -> Point:
    one = picture(
        number,
        leaning(number) if vector is None else vector,
        path=f"/photos/{'abc'[number % 3]}/{number:03d}.jpg",
        taken_at=None if number % 7 == 6 else NOON + timedelta(hours=(number * 37) % 50),
    )
    same = one if content is None else made(content)
    return Point(**{**fields_of(one), "sha256": same.sha256})


def fields_of(one: Point) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Point.__dataclass_fields__}


async def library(points: Sequence[Point] | None = None) -> MadeLibrary:
    return await made_library(points or [made(number) for number in range(40)], {"x": X, "y": Y})


def numbers(found: Found) -> list[int]:
    return [int(hit.point.filename[:3]) for hit in found.hits]


async def all_pages(there: MadeLibrary, text: str = "x", **asked: Any) -> list[int]:
    seen, cursor = list[int](), None
    while True:
        found = await there.found(text, cursor=cursor, **asked)
        seen, cursor = seen + numbers(found), found.cursor
        if cursor is None:
            return seen


async def mixed(there: MadeLibrary, *examples: Example, **asked: Any) -> Found:
    return await there.search.mixed(query(**asked), None, examples)


async def test_examples_are_mixed_by_weight_and_stored_ones_are_no_results() -> None:
    there = await library([made(0, X), made(1, Y), made(2, unit(X + Y)), made(3, unit(X - Y))])
    ids = [made(number).id for number in range(4)]
    assert numbers(await mixed(there, Example("x"), Example("y")))[0] == 2
    assert numbers(await mixed(there, Example("x"), Example("y", -1)))[0] == 3
    assert numbers(await mixed(there, Example("x", 9), Example("y")))[0] == 0
    found = await mixed(there, Example(ids[0]), Example(ids[1]))
    assert numbers(found) == [2, 3]
    own = tuple(float(number) for number in 5 * Y)
    assert numbers(await mixed(there, Example(own)))[0] == 1
    assert found.hits[0].score == pytest.approx(1)
    small = tuple(float(number) for number in 1e-6 * Y)
    assert numbers(await mixed(there, Example(small)))[0] == 1


async def test_stored_images_and_vectors_need_no_model() -> None:
    there = await library()
    there.service.away = True
    own = tuple(float(number) for number in Y)
    assert (await mixed(there, Example(made(3).id), Example(own, -0.5))).hits


async def test_what_cannot_be_mixed_is_refused() -> None:
    there = await library()
    for examples in (
        (Example("x"), Example("x", -1)),
        (Example((1.0, 2.0)),),
        (Example((0.0,) * DIM),),
    ):
        with pytest.raises(ValidationProblem):
            await mixed(there, *examples)
    with pytest.raises(ImageNotFound):
        await mixed(there, Example(made(999).id))


async def test_pages_of_a_mixture_are_of_its_examples() -> None:
    there = await library()
    first = await mixed(there, Example("x"), limit=5)
    second = await mixed(there, Example("x"), limit=35, cursor=first.cursor)
    assert sorted(numbers(first) + numbers(second)) == list(range(40))


async def test_results_are_sorted_by_date_among_what_is_near_enough() -> None:
    there = await library()
    floor = (await there.found("x", limit=25)).hits[-1].score
    near = [made(number) for number in numbers(await there.found("x", limit=25))]
    for descending in (True, False):
        seen = await all_pages(
            there, limit=4, sort=SearchSort.TAKEN_AT, is_descending=descending, min_score=floor
        )
        dates = [made(number).metadata.taken_at for number in seen]
        assert sorted(seen) == sorted(int(one.filename[:3]) for one in near)
        dated = [one for one in dates if one is not None]
        assert dated == sorted(dated, reverse=descending)
        assert dates[len(dated) :] == [None] * (len(dates) - len(dated))


async def test_results_are_sorted_by_path() -> None:
    there = await library()
    seen = await all_pages(there, limit=7, sort=SearchSort.PATH, is_descending=False)
    assert seen == sorted(range(40), key=lambda number: (number % 3, number))


async def test_results_are_sorted_by_when_they_were_added(monkeypatch: pytest.MonkeyPatch) -> None:
    there = await library()
    moments = {made(number).id: number * 7 % 40 for number in range(40) if number != 3}

    async def added(_: int, ids: Collection[UUID]) -> dict[UUID, int]:
        return {one: moments[one] for one in ids if one in moments}

    monkeypatch.setattr(there.ledger.browsing, "added", added)
    known = sorted((n for n in range(40) if n != 3), key=lambda n: n * 7 % 40)
    for descending in (True, False):
        seen = await all_pages(there, limit=7, sort=SearchSort.ADDED, is_descending=descending)
        assert seen == [*(known[::-1] if descending else known), 3]


async def test_sorting_what_nothing_cuts_is_told() -> None:
    there = await library()
    found = await there.found("x", sort=SearchSort.TAKEN_AT)
    assert any("min_score" in warning for warning in found.warnings)
    found = await there.found("x", sort=SearchSort.TAKEN_AT, min_score=0.5)
    assert found.warnings == ()


async def test_sorted_pages_repeat_nothing_while_pictures_come_in() -> None:
    there = await library()
    asked: dict[str, Any] = {"limit": 6, "sort": SearchSort.TAKEN_AT, "fold": COPIES}
    found = await there.found("x", **asked)
    seen = numbers(found)
    for page in range(5):
        await there.add([made(100 + 10 * page + each) for each in range(4)])
        found = await there.found("x", cursor=found.cursor, **asked)
        seen += numbers(found)
    assert len(seen) == len(set(seen)) == 36


async def test_copies_are_one_result_that_counts_them() -> None:
    points = [made(number, content=number // 4 * 4) for number in range(40)]
    there = await library(points)
    found = await there.found("x", limit=5, fold=COPIES)
    assert numbers(found) == [0, 4, 8, 12, 16]
    assert found.hits[0].others == tuple(points[number].id for number in (1, 2, 3))
    assert await all_pages(there, limit=3, fold=COPIES) == list(range(0, 40, 4))


async def test_folded_pages_go_on_however_much_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_LEAST_DEPTH", 2)
    points = [made(number, content=0 if number < 35 else None) for number in range(40)]
    there = await library(points)
    assert await all_pages(there, limit=2, fold=COPIES) == [0, 35, 36, 37, 38, 39]


async def test_a_picture_of_another_kind_comes_early_where_variety_is_asked_for() -> None:
    kinds = [made(number, unit(X + 0.001 * leaning(number))) for number in range(20)]
    there = await library([*kinds, made(30, unit(X + 3 * Y))])
    assert numbers(await there.found("x", limit=21))[-1] == 30
    assert numbers(await there.found("x", limit=2, diverse=True, relevance_share=0.3))[1] == 30
    assert sorted(await all_pages(there, limit=4, diverse=True)) == [*range(20), 30]
    plain = await there.found("x", limit=21, diverse=True, relevance_share=1.0)
    assert numbers(plain) == numbers(await there.found("x", limit=21))


async def test_a_cursor_is_short_enough_to_come_back_however_much_is_folded() -> None:
    same = [made(number, X, content=0) for number in range(3200)]
    there = await library([*same, *(made(number) for number in range(3200, 3210))])
    asked: dict[str, Any] = {"limit": 4, "diverse": True, "fold": COPIES, "is_counted": True}
    first = await there.found("x", **asked)
    assert first.cursor is not None
    assert len(first.cursor) <= MAX_CURSOR_CHARACTERS
    assert len(await all_pages(there, **asked)) == first.total == 11


@pytest.mark.parametrize("fold", [Fold(), COPIES])
async def test_totals_are_exact_below_the_bound_and_else_the_least(
    monkeypatch: pytest.MonkeyPatch, fold: Fold
) -> None:
    there = await library()
    asked: dict[str, Any] = {"limit": 3, "is_counted": True, "fold": fold}
    found = await there.found("x", **asked)
    assert (found.total, found.is_total_exact) == (40, True)
    floor = (await there.found("x", limit=12)).hits[-1].score
    found = await there.found("x", min_score=floor, **asked)
    assert (found.total, found.is_total_exact) == (12, True)
    narrow = Filters(path_prefix="/photos/a/")
    assert (await there.found("x", filters=narrow, **asked)).total == 14
    similar = await there.search.mixed(query(**asked), None, [Example(made(0).id)])
    assert similar.total == 39
    assert (await there.found("x", limit=3)).total is None
    for module in ("pool", "pages"):
        monkeypatch.setattr(
            f"ingestion_orchestration_fastapi_app.library.searching.{module}.MAX_DEPTH", 10
        )
    found = await there.found("x", min_score=floor, **asked)
    assert (found.total, found.is_total_exact) == (10, False)


async def test_an_empty_collection_and_modes_without_a_text_are_no_fault() -> None:
    there = await library()
    found = await there.search.mixed(query(mode=SearchMode.AUTO), None, [Example("x")])
    assert found.mode is SearchMode.VECTOR


async def test_a_sorted_page_misses_nothing_where_the_last_image_of_the_one_before_went() -> None:
    there = await library()
    asked: dict[str, Any] = {"limit": 5, "sort": SearchSort.PATH, "is_descending": False}
    whole = numbers(await there.found("x", **{**asked, "limit": 40}))
    first = await there.found("x", **asked)
    table = (await there.collections.get("default")).bound().table
    await there.store.delete(table, [first.hits[-1].point.id])
    second = await there.found("x", cursor=first.cursor, **asked)
    assert numbers(second) == whole[5:10]


async def test_no_way_to_search_shows_what_lies_outside_the_folders_that_may_be_shown() -> None:
    points = [made(number, content=0) for number in range(12)]
    there = await made_library(points, {"x": X, "jpg": X}, shown=lambda _: (b"/photos/a",))
    allowed = {one.id for one in points if one.path.startswith(b"/photos/a/")}
    for mode, sort, fold, diverse in product(
        SearchMode, SearchSort, (Fold(), COPIES), (False, True)
    ):
        asked: dict[str, Any] = {"mode": mode, "sort": sort, "fold": fold, "is_counted": True}
        found = await there.found("jpg", diverse=diverse, limit=50, **asked)
        seen = [one for hit in found.hits for one in (hit.point.id, *hit.others)]
        assert set(seen) == allowed, asked
        assert found.total in (1, len(allowed))
    hidden, shown = made(1), made(0)
    for refused in (Example(hidden.id), Example(hidden.id, -1)):
        with pytest.raises(ImageNotFound):
            await mixed(there, Example("x"), refused)
    for look in (
        there.search.similar(query(), hidden.id),
        there.search.vector_of("default", hidden.id),
    ):
        with pytest.raises(ImageNotFound):
            await look
    similar = await there.search.similar(query(limit=50), shown.id)
    assert {hit.point.id for hit in similar.hits} == allowed - {shown.id}
