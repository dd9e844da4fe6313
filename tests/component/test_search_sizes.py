"""Searches over REST mean the same below the index threshold and above it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from tests.component.orchestrator_app import check_problem
from tests.component.search_library import INDEXED_FROM, Searched, searched
from tests.component.store_fixtures import point
from utils.contract import ErrorCode, FilterSpec
from utils.contract.search import MAX_SEARCH_LIMIT, MAX_SEARCH_OFFSET

pytestmark = pytest.mark.anyio

LEAST_RECALL = 0.97


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=INDEXED_FROM)
async def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Searched]:
    async with searched(tmp_path_factory.mktemp(request.param), request.param) as found:
        yield found


def filenames(reply: Any) -> list[str]:
    return [result["path"].rpartition("photos/")[2] for result in reply["results"]]


async def by_text(library: Searched, text: str, **more: Any) -> Any:
    response = await library.running.post("/search/text", {"query": text, **more})
    assert response.status_code == 200, response.text
    return response.json()


def recall_of(
    library: Searched,
    reply: Any,
    vector: Vector,
    *,
    limit: int,
    offset: int,
    filters: Filters = NO_FILTERS,
) -> float:
    """Checks order and completeness of a page; the part of the exact page's scores it has."""
    exact = library.exact(vector, filters)
    scores = {one: score for score, one in exact}
    page = exact[offset : offset + limit]
    results = reply["results"]
    found = [(-round(scores[one["id"]], 5), one["id"]) for one in results]
    assert len(results) == len(page)
    assert len({one["id"] for one in results}) == len(results)
    assert [key for key, _ in found] == sorted(key for key, _ in found)
    for result in results:
        assert result["score"] == pytest.approx(scores[result["id"]], abs=1e-5)
    if not page:
        return 1.0
    return sum(scores[one["id"]] >= page[-1][0] - 1e-6 for one in results) / len(page)


async def test_an_image_finds_its_like(library: Searched) -> None:
    running = library.running
    blue = (running.photos / "blue" / "0.png").read_bytes()
    found = await running.http.post(
        "/api/v1/search/image", files={"file": ("q.png", blue)}, data={"limit": "4"}
    )
    assert all(name.startswith("blue") for name in filenames(found.json()))
    image_id = found.json()["results"][0]["id"]
    similar = await running.get(f"/images/{image_id}/similar?limit=3")
    assert all(name.startswith("blue") for name in filenames(similar))
    assert image_id not in [result["id"] for result in similar["results"]]


async def test_pages_and_filters_narrow_a_search(library: Searched) -> None:
    whole = await by_text(library, "red", limit=13)
    pages: list[str] = []
    for offset in range(0, 13, 5):
        page = await by_text(library, "red", limit=min(5, 13 - offset), offset=offset)
        pages += filenames(page)
    assert pages == filenames(whole)
    mine = {"formats": ["JPEG"], "path_prefix": str(library.running.photos)}
    assert filenames(await by_text(library, "red", filters=mine)) == ["red/as.jpg"]
    near = await by_text(library, "red", min_score=0.9, limit=60)
    assert len(near["results"]) == 5


@pytest.mark.parametrize("limit", [1, 24, 29, 30, 31, 60, 100, 199, 200, 333, 500])
@pytest.mark.parametrize("offset", [0, 1, 5, 30, 470, 500, 1000, 1400, 5000, 10_000])
async def test_every_page_that_the_api_allows_is_answered(
    library: Searched, limit: int, offset: int
) -> None:
    reply = await by_text(library, "red", limit=limit, offset=offset)
    vector = library.vector_of_text("red")
    recall = recall_of(library, reply, vector, limit=limit, offset=offset)
    assert recall >= LEAST_RECALL


async def test_single_results_further_down_miss_nothing_that_the_index_rounds(
    library: Searched,
) -> None:
    vector = library.vector_of_text("blue")
    for offset in range(25, 60):
        reply = await by_text(library, "blue", limit=1, offset=offset)
        assert recall_of(library, reply, vector, limit=1, offset=offset) == 1


ASKED = st.fixed_dictionaries(
    {},
    optional={
        "formats": st.lists(st.sampled_from(["jpeg", "png", "heic"]), min_size=1, unique=True),
        "min_width_px": st.integers(1, 1800),
        "min_height_px": st.integers(1, 2000),
        "max_megapixels": st.integers(1, 1000).map(lambda thousands: thousands / 1000),
        "has_gps": st.booleans(),
        "camera": st.sampled_from(["nikon", "%", "canon", "d'"]),
        "rating_min": st.integers(-1, 5),
        "keywords": st.sampled_from([["rom"], ["Été"], ["romans"], ["rom", "été"]]),
        "path_prefix": st.sampled_from(["/photos/", "/photos/3/", "/nothing"]),
    },
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.sampled_from(["red", "blue", "anything"]),
    limit=st.integers(1, MAX_SEARCH_LIMIT),
    offset=st.one_of(st.integers(0, 1600), st.integers(0, MAX_SEARCH_OFFSET)),
    asked=ASKED,
)
async def test_a_text_search_is_the_exact_one(
    library: Searched, text: str, limit: int, offset: int, asked: dict[str, Any]
) -> None:
    reply = await by_text(library, text, limit=limit, offset=offset, filters=asked)
    filters = filters_of(FilterSpec.model_validate(asked))
    vector = library.vector_of_text(text)
    recall = recall_of(library, reply, vector, limit=limit, offset=offset, filters=filters)
    assert recall >= LEAST_RECALL


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    number=st.integers(0, 1500),
    limit=st.integers(1, MAX_SEARCH_LIMIT),
    offset=st.one_of(st.integers(0, 1600), st.integers(0, MAX_SEARCH_OFFSET)),
)
async def test_similar_ones_are_the_exact_ones(
    library: Searched, number: int, limit: int, offset: int
) -> None:
    asked = library.rows[number]
    reply = await library.running.get(f"/images/{asked.id}/similar?limit={limit}&offset={offset}")
    others = Searched(library.running, [row for row in library.rows if row.id != asked.id])
    recall = recall_of(others, reply, asked.vector, limit=limit, offset=offset)
    assert recall >= LEAST_RECALL


async def test_the_recall_of_twenty_is_at_least_97_percent(library: Searched) -> None:
    recalls = []
    for row in library.rows[::25]:
        reply = await library.running.get(f"/images/{row.id}/similar?limit=20")
        others = Searched(library.running, [one for one in library.rows if one.id != row.id])
        recalls.append(recall_of(others, reply, row.vector, limit=20, offset=0))
    assert np.mean(recalls) >= LEAST_RECALL


async def test_pages_of_equal_scores_are_in_one_order(library: Searched) -> None:
    copy = next(row for row in library.rows if row.filename == "000000.jpg")
    pages = [
        await library.running.get(f"/images/{copy.id}/similar?limit=7&offset={offset}")
        for offset in range(0, 56, 7)
    ]
    found = [result["id"] for page in pages for result in page["results"]]
    expected = [one for _, one in library.exact(copy.vector) if one != str(copy.id)][:56]
    assert found[:39] == expected[:39]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -2, 2])
async def test_a_score_that_is_none_is_refused(library: Searched, number: float) -> None:
    body = json.dumps({"query": "red", "min_score": number})
    headers = {"Content-Type": "application/json"}
    http = library.running.http
    response = await http.post("/api/v1/search/text", content=body, headers=headers)
    check_problem(response, 400, ErrorCode.VALIDATION)
    blue = (library.running.photos / "blue" / "0.png").read_bytes()
    response = await http.post(
        "/api/v1/search/image", files={"file": ("q.png", blue)}, data={"min_score": str(number)}
    )
    check_problem(response, 400, ErrorCode.VALIDATION)


async def test_a_query_that_is_cut_says_so_on_every_page(library: Searched) -> None:
    short = await by_text(library, "a " * 150)
    assert short["warnings"] == []
    long = await by_text(library, "a " * 151)
    assert any("cut off" in warning for warning in long["warnings"])
    next_page = await by_text(library, "a " * 151, cursor=long["cursor"])
    assert next_page["warnings"] == long["warnings"]


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u200b", "\u3000", "\x00", "\u2800"], ids=ascii)
async def test_a_blank_query_is_refused(library: Searched, blank: str) -> None:
    response = await library.running.post("/search/text", {"query": blank})
    check_problem(response, 400, ErrorCode.VALIDATION)


async def test_among_many_pictures_of_one_thing_the_nearest_are_found(library: Searched) -> None:
    store = library.running.app.state.services.ports.store
    random = np.random.default_rng(5)
    centre = np.asarray([0, 0, 0, 1, 1, 1, 0, 0]) / np.sqrt(3)
    vectors = centre + 1e-3 * random.standard_normal((600, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    single = vectors.astype(np.float32)
    burst = [point(20_000 + number, vector=single[number]) for number in range(600)]
    await store.create("burst", dim=8)
    others = [row for row in library.rows if "/photos/" in row.display_path]
    await store.write("burst", [*others, *burst], may_exist=())
    await store.upkeep("burst")
    rows = Searched(library.running, [*others, *burst])
    recalls = []
    for asked in single[::60]:
        wanted = rows.exact(asked)[19][0]
        hits = await store.search("burst", asked, limit=20)
        recalls.append(np.mean([hit.score >= wanted - 1e-6 for hit in hits]))
    assert np.mean(recalls) >= LEAST_RECALL
    await store.drop("burst")
