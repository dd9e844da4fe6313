"""Pages of a search by cursor: nothing comes twice, whatever the collection does meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library import cursor as cursors
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.component.orchestrator_app import check_problem
from tests.component.search_library import INDEXED_FROM, Searched, made_points, searched
from tests.component.store_fixtures import point
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=INDEXED_FROM)
async def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Searched]:
    async with searched(tmp_path_factory.mktemp(request.param), request.param) as found:
        yield found


@pytest.fixture(params=INDEXED_FROM)
async def growing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Searched]:
    async with searched(tmp_path, request.param, rows=600) as found:
        yield found


async def by_text(library: Searched, **asked: Any) -> httpx.Response:
    return await library.running.post("/search/text", {"query": "red", **asked})


async def by_image(library: Searched, **asked: Any) -> httpx.Response:
    red = (library.running.photos / "red" / "0.png").read_bytes()
    data = {key: str(value) for key, value in asked.items()}
    http = library.running.http
    return await http.post("/api/v1/search/image", files={"file": ("q.png", red)}, data=data)


async def similar(library: Searched, **asked: Any) -> httpx.Response:
    row = next(row for row in library.rows if row.filename == "000003.jpg")  # one of many copies
    url = f"/api/v1/images/{row.id}/similar"
    return await library.running.http.get(url, params=asked)


WAYS = [by_text, by_image, similar]


def ids_of(reply: Any) -> list[str]:
    return [result["id"] for result in reply["results"]]


async def pages(library: Searched, way: Any, *, limit: int) -> list[str]:
    found: list[str] = []
    asked: dict[str, Any] = {"limit": limit}
    while True:
        response = await way(library, **asked)
        assert response.status_code == 200, response.text
        reply = response.json()
        found += ids_of(reply)
        if reply["cursor"] is None:
            return found
        asked["cursor"] = reply["cursor"]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("limit", [17, 60, 500])
async def test_pages_by_cursor_are_the_whole_collection_in_order(
    library: Searched, way: Any, limit: int
) -> None:
    found = await pages(library, way, limit=limit)
    others = {str(row.id) for row in library.rows}
    if way is similar:
        others.remove(str(next(r.id for r in library.rows if r.filename == "000003.jpg")))
    assert len(found) == len(set(found))
    assert len(set(found) & others) >= 0.97 * len(others)
    if way is by_text:
        exact = [one for _, one in library.exact(library.vector_of_text("red"))]
        assert found[:13] == exact[:13]


def better(number: int) -> Point:
    """One that is nearer to red than all made ones."""
    vector = np.zeros(8, dtype=np.float32)
    vector[0], vector[3] = np.cos(number / 100), np.sin(number / 100)
    return point(50_000 + number, vector=vector)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_comes_in_between_two_pages_repeats_nothing(growing: Searched, way: Any) -> None:
    store = growing.running.app.state.services.ports.store
    seen: list[str] = []
    asked: dict[str, Any] = {"limit": 20}
    for number in range(12):
        reply = (await way(growing, **asked)).json()
        seen += ids_of(reply)
        asked["cursor"] = reply["cursor"]
        group = [better(30 * number + each) for each in range(30)]
        await store.write("default", group, may_exist=())
        if number % 3 == 0:
            await store.upkeep("default")
        if number % 4 == 1:
            await store.delete("default", [growing.rows[100 + number].id])
    assert len(seen) == len(set(seen)) == 240


async def test_a_deleted_last_result_is_no_obstacle(growing: Searched) -> None:
    store = growing.running.app.state.services.ports.store
    first = (await by_text(growing, limit=10)).json()
    last = next(row for row in growing.rows if str(row.id) == ids_of(first)[-1])
    await store.delete("default", [last.id])
    second = (await by_text(growing, limit=10, cursor=first["cursor"])).json()
    exact = [one for _, one in growing.exact(growing.vector_of_text("red"))]
    assert ids_of(second) == exact[10:20]


async def test_a_page_by_cursor_needs_no_inference(library: Searched) -> None:
    first = (await by_text(library, limit=10)).json()
    library.running.service.down = True
    try:
        second = await by_text(library, limit=10, cursor=first["cursor"])
        assert second.status_code == 200
        refused = await by_text(library, limit=10)
        check_problem(refused, 503, ErrorCode.ML_UNAVAILABLE)
    finally:
        library.running.service.down = False


async def test_a_cursor_is_of_its_own_search_and_good_for_ten_minutes(library: Searched) -> None:
    text = (await by_text(library, limit=10)).json()["cursor"]
    for asked in (
        {"query": "blue"},
        {"min_score": -0.5},
        {"filters": {"formats": ["jpeg"]}},
    ):
        check_problem(await by_text(library, cursor=text, **asked), 400, ErrorCode.CURSOR)
    check_problem(await by_image(library, cursor=text), 400, ErrorCode.CURSOR)
    check_problem(await similar(library, cursor=text), 400, ErrorCode.CURSOR)
    await library.running.post("/collections", {"name": "other"})
    check_problem(await by_text(library, cursor=text, collection="other"), 400, ErrorCode.CURSOR)
    assert (await by_text(library, limit=3, cursor=text)).status_code == 200  # another limit
    both = await by_text(library, cursor=text, offset=10)
    check_problem(both, 400, ErrorCode.VALIDATION)
    search = library.running.app.state.services.search
    clock, search._clock = search._clock, lambda: clock() + 601
    try:
        too_old = await by_text(library, cursor=text)
    finally:
        search._clock = clock
    check_problem(too_old, 400, ErrorCode.CURSOR)
    assert "10 minutes" in too_old.json()["detail"]


async def test_what_is_no_cursor_is_refused(library: Searched) -> None:
    text = (await by_text(library, limit=10)).json()["cursor"]
    for wrong in ("x", "é", "A" * 2000, text[:-4], text[:40] + "AAAA" + text[44:], text + "AAAA"):
        check_problem(await by_text(library, cursor=wrong), 400, ErrorCode.CURSOR)
    check_problem(await by_text(library, cursor="A" * 20_000), 400, ErrorCode.VALIDATION)
    check_problem(await by_text(library, cursor=""), 400, ErrorCode.VALIDATION)
    read = cursors.read(text)
    assert read is not None
    for change in ({"vector": read.vector * np.float32("nan")}, {"vector": read.vector[:3] * 9}):
        made_up = cursors.written(replace(read, **change))
        check_problem(await by_text(library, cursor=made_up), 400, ErrorCode.CURSOR)
    far = cursors.written(replace(read, after=replace(read.after, rank=2**32 - 1)))
    reply = await by_text(library, limit=10, cursor=far)  # whoever makes one up gets an answer
    assert reply.status_code == 200
    assert (await by_text(library, limit=10, cursor=reply.json()["cursor"])).status_code == 200


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(limits=st.lists(st.integers(1, 200), min_size=1, max_size=6), offset=st.integers(0, 1200))
async def test_a_cursor_goes_on_where_any_page_ended(
    library: Searched, limits: list[int], offset: int
) -> None:
    reply = (await by_text(library, limit=limits[0], offset=offset)).json()
    seen = ids_of(reply)
    for limit in limits[1:]:
        if reply["cursor"] is None:
            break
        reply = (await by_text(library, limit=limit, cursor=reply["cursor"])).json()
        seen += ids_of(reply)
    exact = [one for _, one in library.exact(library.vector_of_text("red"))]
    wanted = exact[offset : offset + len(seen)]
    assert len(set(seen)) == len(seen)
    assert len(set(seen) & set(wanted)) >= 0.97 * len(wanted)


def test_the_made_points_are_many_enough_for_ties() -> None:
    rows = made_points(100)
    assert sum(np.array_equal(row.vector, rows[0].vector) for row in rows) == 40
