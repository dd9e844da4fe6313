"""Filters mean the same over REST, however a search is asked, and are refused in the same words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.component.orchestrator_app import check_problem
from tests.component.search_library import Searched, searched
from utils.contract import ErrorCode, FilterSpec

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def library(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Searched]:
    async with searched(tmp_path_factory.mktemp("filters"), "flat", rows=300) as found:
        yield found


async def by_text(library: Searched, filters: Any, **asked: Any) -> httpx.Response:
    return await library.running.post("/search/text", {"query": "red", "filters": filters, **asked})


async def by_image(library: Searched, filters: Any, **asked: Any) -> httpx.Response:
    red = (library.running.photos / "red" / "0.png").read_bytes()
    data = {name: str(value) for name, value in asked.items()} | {"filters": json.dumps(filters)}
    http = library.running.http
    return await http.post("/api/v1/search/image", files={"file": ("q.png", red)}, data=data)


async def similar(library: Searched, filters: Any, **asked: Any) -> httpx.Response:
    url = f"/api/v1/images/{asked_for(library).id}/similar"
    return await library.running.http.get(url, params={"filters": json.dumps(filters), **asked})


async def similar_flat(library: Searched, filters: Any, **asked: Any) -> httpx.Response:
    url = f"/api/v1/images/{asked_for(library).id}/similar"
    return await library.running.http.get(url, params={**filters, **asked})


def asked_for(library: Searched) -> Point:
    return next(row for row in library.rows if row.filename == "000003.jpg")


WAYS = [by_text, by_image, similar]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
FLAT: list[dict[str, Any]] = [
    {"taken_after": "2020-01-04", "taken_before": "2020-01-08"},
    {"camera": "nikon", "lens": "EF"},
    {"cameras": ["nikon 100%_'D'", "Canon 100%_'d'"], "lenses": ["EF 24-105mm f/4L"]},
    {"rating_min": 0, "rating_max": 3},
    {"keywords": ["rom", "ÉTÉ"]},
    {"path_prefix": "/photos/3/0"},
    {"folder": "/photos/3"},
    {"folder": "/photos", "subfolders": False},
    {"formats": ["jpg", "heic"]},
    {"min_width_px": 120, "max_width_px": 300, "min_height_px": 1750, "max_height_px": 1900},
    {"min_megapixels": 0.25, "max_megapixels": 0.4},
    {"min_size_bytes": 5_000_000_010, "max_size_bytes": 5_000_000_200},
    {"orientation": "portrait", "has_gps": True},
]
TREES: list[dict[str, Any]] = [
    {"box": {"south": 3, "west": 7, "north": 12.5, "east": 8}},
    {"near": {"latitude": 3, "longitude": 7.5, "radius_km": 120}, "formats": ["png"]},
    {"any_of": [{"camera": "canon"}, {"rating_min": 4}], "none_of": [{"has_gps": False}]},
    {"none_of": [{"taken_after": "0001"}], "all_of": [{"folder": "/photos"}, {"lens": "24"}]},
]


def expected(library: Searched, spec: dict[str, Any]) -> set[str]:
    filters = filters_of(FilterSpec.model_validate(spec))
    return {str(row.id) for row in library.rows if filters.matches(row)}


def ids_of(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    return {result["id"] for result in response.json()["results"]}


@every_way
@pytest.mark.parametrize("spec", [*FLAT, *TREES], ids=str)
async def test_filters_mean_the_same_however_a_search_is_asked(
    library: Searched, way: Any, spec: dict[str, Any]
) -> None:
    wanted = expected(library, spec)
    found = ids_of(await way(library, spec, limit=500))
    assert found | {str(asked_for(library).id)} == wanted | {str(asked_for(library).id)}


@pytest.mark.parametrize("spec", FLAT, ids=str)
async def test_flat_filters_may_be_parameters(library: Searched, spec: dict[str, Any]) -> None:
    asked = {name: _in_query(value) for name, value in spec.items()}
    itself = {str(asked_for(library).id)}
    found = ids_of(await similar_flat(library, asked, limit=500))
    assert found | itself == expected(library, spec) | itself
    both = {**asked, "filters": json.dumps({"camera": "canon"})}
    wanted = expected(library, {**spec, "all_of": [{"camera": "canon"}]})
    assert ids_of(await similar_flat(library, both, limit=500)) | itself == wanted | itself


def _in_query(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


@every_way
@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"formats": ["jpgg"]}, "there is no such format"),
        ({"typo": 1}, "typo: there is no such field"),
        ({"none_of": [{"any_of": [{"rating_min": 9}]}]}, "none_of.0.any_of.0.rating_min"),
        ({"all_of": [{"all_of": [{"all_of": [{"all_of": [{}]}]}]}]}, "at most 4 deep"),
        ({"any_of": [{}] * 50, "none_of": [{}] * 50}, "at most 64 filters"),
        ({"box": {"south": 1, "west": 0, "north": 0, "east": 0}}, "south is greater than north"),
        ({"taken_after": 2019}, "write a year"),
        ([], "filters"),
        (None, "filters"),
    ],
)
async def test_filters_are_refused_in_the_same_words(
    library: Searched, way: Any, filters: Any, said: str
) -> None:
    refused = await way(library, filters)
    check_problem(refused, 400, ErrorCode.VALIDATION)
    problem = refused.json()
    assert said in problem["detail"]
    assert ".filters" in problem["detail"]


async def test_filters_that_are_no_json_are_refused(library: Searched) -> None:
    url = f"/images/{asked_for(library).id}/similar"
    for written in ('{"camera": ', "", "x" * 16_385, "[" * 9000, '{"rating_min": NaN}'):
        refused = await library.running.http.get(f"/api/v1{url}", params={"filters": written})
        check_problem(refused, 400, ErrorCode.VALIDATION)
        problem = refused.json()
        assert problem["detail"].startswith("query.filters"), problem["detail"]


async def test_flat_filters_are_refused_by_their_names(library: Searched) -> None:
    for name, value in (
        ("rating_min", "9"),
        ("formats", "jpgg"),
        ("folder", "photos"),
        ("has_gps", "perhaps"),
        ("taken_after", "soon"),
        ("min_size_bytes", "-1"),
        ("max_megapixels", "nan"),
    ):
        refused = await similar_flat(library, {name: value})
        check_problem(refused, 400, ErrorCode.VALIDATION)
        problem = refused.json()
        assert problem["detail"].startswith(f"query.{name}"), problem["detail"]


@every_way
async def test_a_cursor_is_of_its_own_filters(library: Searched, way: Any) -> None:
    mine = {"any_of": [{"formats": ["png"]}, {"formats": ["heic"]}]}
    first = (await way(library, mine, limit=20)).json()
    assert len(first["results"]) == 20
    second = await way(library, mine, limit=20, cursor=first["cursor"])
    assert len(ids_of(second)) == 20
    assert not ids_of(second) & {one["id"] for one in first["results"]}
    for others in ({}, {"any_of": mine["any_of"][:1]}, {"none_of": mine["any_of"]}):
        refused = await way(library, others, limit=20, cursor=first["cursor"])
        check_problem(refused, 400, ErrorCode.CURSOR)
