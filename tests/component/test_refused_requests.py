"""What no route knows, and what is out of bounds, is refused: never ignored, never a 500."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.component.inference_fakes import (
    FakeEmbedder,
    files,
    loaded,
    picture,
    ppm,
    served,
)
from tests.component.orchestrator_app import check_problem, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-4000-8000-000000000000"
HUGE = ("9223372036854775808", "99999999999999999999", "1" * 5000, "-1", "nan", "1e9")


@asynccontextmanager
async def inference() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(FakeEmbedder()) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        yield client


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of each, with parameters that fit."""
    return [
        (method, path.replace("{image_id}", NOBODY).replace("{job_id}", "x").replace("{name}", "x"))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]


async def test_no_route_ignores_a_query_parameter(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for method, path in operations(running.app):
            body: object = None if method in ("get", "delete") else {}
            answer = await running.http.request(method, f"{path}?typo=1", json=body)
            assert answer.status_code in (400, 403, 415), (method, path)
            if answer.status_code == 400:
                assert "query.typo" in answer.json()["detail"], (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/images?camera_make=Canon",
        "/images?sorted_by=taken_at",
        "/images?limit=1&limit=2",
        "/images?Limit=1",
        "/jobs?stat=failed",
        "/collections?x",
        f"/images/{NOBODY}?with_vector=true",
        f"/images/{NOBODY}/thumbnail?size=1024",
        f"/images/{NOBODY}/file?downlod=1",
        f"/images/{NOBODY}/similar?filters=x",
    ],
)
async def test_what_a_route_does_not_know_is_named(tmp_path: Path, path: str) -> None:
    async with orchestrator(tmp_path) as running:
        answer = await running.http.get("/api/v1" + path)
        check_problem(answer, 400, ErrorCode.VALIDATION)
        assert answer.json()["detail"].startswith("query.")


async def test_unknown_and_repeated_form_fields_are_refused(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        png: tuple[str | None, bytes] = ("q.png", (running.photos / "red" / "0.png").read_bytes())
        camera, one, two = (None, b'{"camera": "Canon"}'), (None, b"1"), (None, b"2")
        for more in ([("filter", camera)], [("limit", one), ("limit", two)]):
            fields = [("file", png), *more]
            answer = await running.http.post("/api/v1/search/image", files=fields)
            check_problem(answer, 400, ErrorCode.VALIDATION)
            assert answer.json()["detail"].startswith("body.")
        known = [("file", png), ("limit", two), ("min_score", (None, b"0.5"))]
        answer = await running.http.post("/api/v1/search/image", files=known)
        assert len(answer.json()["results"]) == 2


@pytest.mark.parametrize("number", HUGE)
async def test_every_number_of_a_query_or_form_is_bounded(tmp_path: Path, number: str) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        images = await running.get("/images?limit=1")
        image_id = images["images"][0]["id"]
        for path in (
            "/images",
            f"/images/{image_id}/similar",
            "/jobs",
            f"/jobs/{job['job_id']}/failures",
        ):
            for name in ("limit", "offset"):
                answer = await running.http.get(f"/api/v1{path}?{name}={number}")
                check_problem(answer, 400, ErrorCode.VALIDATION)
        log = await running.http.get(f"/api/v1/jobs/{job['job_id']}/log?limit={number}")
        check_problem(log, 400, ErrorCode.VALIDATION)
        for name in ("limit", "offset", "min_score"):
            if (name, number) == ("min_score", "-1"):
                continue  # it is one
            answer = await running.http.post(
                "/api/v1/search/image", files={"file": b"x"}, data={name: number}
            )
            check_problem(answer, 400, ErrorCode.VALIDATION)
        end = await running.get("/images?offset=1000000000&limit=500")
        assert end["images"] == []
        failures = await running.get(f"/jobs/{job['job_id']}/failures?offset=1000000000&limit=1000")
        assert failures["failures"] == []


@pytest.mark.parametrize(
    "body",
    [
        '{"query": "red", "offset": 9223372036854775808}',
        '{"query": "red", "limit": 1e400}',
        '{"query": "red", "min_score": NaN}',
        '{"query": "red", "min_score": -Infinity}',
        '{"query": "red", "filters": {"min_width_px": 1000000000000000000000000000000}}',
        '{"query": "red", "filters": {"rating_min": 1e30}}',
        '{"query": "red", "filters": {"taken_after": 2030}}',
        '{"query": "red", "filters": {"formats": ["nonsense"]}}',
        '{"query": "\\ud800"}',
        '{"query": "red", "\\ud800": 1}',
        '{"query": "red", "filters": {"camera": "\\udfff"}}',
        '{"query": "red", "collection": "\\ud800"}',
        '{"query": "red", "offset": ' + "1" * 5000 + "}",
    ],
)
async def test_odd_values_in_json_are_refused_and_crash_nothing(tmp_path: Path, body: str) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "default"})
        answer = await running.http.post(
            "/api/v1/search/text", content=body, headers={"Content-Type": "application/json"}
        )
        check_problem(answer, 400, ErrorCode.VALIDATION)


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/octet-stream", "a/json"])
async def test_a_body_says_that_it_is_what_is_wanted(
    tmp_path: Path, media_type: str | None
) -> None:
    async with orchestrator(tmp_path) as running:
        headers = {} if media_type is None else {"Content-Type": media_type}
        body = b'{"name": "trips"}'
        for path in ("/collections", "/search/image"):
            answer = await running.http.post(f"/api/v1{path}", content=body, headers=headers)
            check_problem(answer, 415, ErrorCode.MEDIA_TYPE)
        assert (await running.get("/collections"))["collections"] == []
        headers = {"Content-Type": "application/json; charset=utf-8"}
        made = await running.http.post("/api/v1/collections", content=body, headers=headers)
        assert made.status_code == 201


async def test_what_is_no_json_is_called_so(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        headers = {"Content-Type": "application/json"}
        answer = await running.http.post(
            "/api/v1/collections", content=b'{"name": }', headers=headers
        )
        check_problem(answer, 400, ErrorCode.VALIDATION)
        assert answer.json()["detail"].startswith("body: it is no JSON (")


async def test_filters_mean_what_they_say(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()

        async def found(**filters: object) -> int:
            asked = {"query": "red", "limit": 50, "filters": filters}
            answer = await running.post("/search/text", asked)
            assert answer.status_code == 200, answer.text
            return len(answer.json()["results"])

        assert await found(formats=["jpg"]) == await found(formats=[".JPEG"]) == 1
        assert await found(formats=["png", "raw"]) == 12
        assert await found(formats=["raw"]) == 0
        # Drawn just now: no camera, so the file's time is taken.
        assert await found(taken_after="2100") == 0
        assert await found(taken_before="2100") == await found(taken_after="1970") == 13


async def test_no_path_and_no_method_have_codes_of_their_own(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for path in ("/nothing", "/api/v1/nothing", "/api/v1/images/x/nothing"):
            check_problem(await running.http.get(path), 404, ErrorCode.NOT_FOUND)
        for method, path, allowed in (
            ("PUT", "/collections", {"GET", "POST"}),
            ("PUT", "/collections/default", {"GET", "DELETE", "PATCH"}),
            ("POST", "/images", {"GET"}),
        ):
            answer = await running.http.request(method, f"/api/v1{path}")
            check_problem(answer, 405, ErrorCode.METHOD_NOT_ALLOWED)
            named = set(answer.headers["allow"].split(", "))
            assert named - {"HEAD"} == allowed


async def test_each_path_refuses_each_method_that_it_lacks(tmp_path: Path) -> None:
    """Also where a name such as `facets` stands where other paths have an id."""
    async with orchestrator(tmp_path) as running:
        own: dict[str, set[str]] = {}
        for method, path in operations(running.app):
            own.setdefault(path, set()).add(method.upper())
        for path, methods in own.items():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
                answer = await running.http.request(method, path)
                check_problem(answer, 405, ErrorCode.METHOD_NOT_ALLOWED)
                named = set(answer.headers["allow"].split(", ")) - {"HEAD"}
                assert named == methods, (method, path)


async def post_batch(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    upload = files(("a", ppm(picture(1))))
    return await client.post("/api/v1/batch_embed_and_caption", files=upload, **more)


@pytest.mark.parametrize("count", ["0000000011100", "99999999999999999999", "0", "-1", "x", "1.5"])
async def test_a_count_of_images_is_read_whole(count: str) -> None:
    async with inference() as client:
        answer = await post_batch(client, headers={"X-Image-Count": count})
        assert answer.status_code in (400, 413), answer.text


async def test_the_inference_service_ignores_nothing_either() -> None:
    async with inference() as client:
        for params in ({"captons": "true"}, {"thumbnail_side_px": "9" * 30}, {"captions": "maybe"}):
            check_problem(await post_batch(client, params=params), 400, ErrorCode.VALIDATION)
        health = await client.get("/health/live?verbose=1")
        check_problem(health, 400, ErrorCode.VALIDATION)
        other = await client.post("/api/v1/embed", files={"extra": b"y"})
        assert other.status_code == 400
        check_problem(await client.get("/nothing"), 404, ErrorCode.NOT_FOUND)
        check_problem(await client.get("/api/v1/embed"), 405, ErrorCode.METHOD_NOT_ALLOWED)
