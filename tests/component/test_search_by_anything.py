"""POST /search, and /search/pictures, over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("anything")
    library(folder)
    red = folder / "photos" / "red"
    (red / "copy.png").write_bytes((red / "0.png").read_bytes())
    async with orchestrator(folder) as started:
        assert (await started.ingested())["state"] == "completed"
        yield started


async def found(running: Running, **asked: Any) -> Any:
    response = await running.post("/search", asked)
    assert response.status_code == 200, response.text
    return response.json()


def folders(reply: Any) -> list[str]:
    return [hit["path"].split("/")[-2] for hit in reply["results"]]


async def test_one_call_searches_by_text_words_images_and_vectors(running: Running) -> None:
    reply = await found(running, query="red", limit=3)
    assert reply["mode_used"] == "hybrid"
    assert set(folders(reply)) == {"red"}
    assert reply["results"][0]["matched_words"] == ["red"]
    assert set(reply["results"][0]["found_by"]) == {"vector", "words"}
    image = reply["results"][0]["id"]
    vector = (await running.get(f"/images/{image}/vector"))["vector"]
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-5
    like = await found(running, positive=[{"image_id": image}], limit=2)
    assert set(folders(like)) == {"red"}
    assert image not in [hit["id"] for hit in like["results"]]
    own = await found(running, vector=vector, limit=3, fold={"copies": False})
    assert own["results"][0]["score"] == pytest.approx(1, abs=1e-5)
    mixed = await found(
        running,
        positive=[{"text": "red"}, {"text": "green", "weight": 3}],
        negative=[{"text": "red", "weight": 2}],
        limit=2,
    )
    assert set(folders(mixed)) == {"green"}


async def test_pictures_are_sent_along_by_their_names(running: Running) -> None:
    red = (running.photos / "red" / "0.png").read_bytes()
    blue = (running.photos / "blue" / "0.png").read_bytes()
    search = {"positive": [{"file": "b.png", "weight": 2}], "negative": [{"file": "r.png"}]}
    files = [("files", ("r.png", red)), ("files", ("b.png", blue))]
    url = "/api/v1/search/pictures"
    response = await running.http.post(url, data={"search": json.dumps(search)}, files=files)
    assert response.status_code == 200, response.text
    assert folders(response.json())[0] == "blue"
    for wrong, code in (
        ({"positive": [{"file": "r.png"}, {"file": "gone.png"}]}, ErrorCode.VALIDATION),
        ({"positive": [{"file": "r.png"}]}, ErrorCode.VALIDATION),
        ({"positive": [{"fiel": "r.png"}]}, ErrorCode.VALIDATION),
        ("no JSON", ErrorCode.VALIDATION),
    ):
        data = {"search": json.dumps(wrong)}
        response = await running.http.post(url, data=data, files=files)
        check_problem(response, 400, code)
    twice = [("files", ("r.png", red)), ("files", ("r.png", blue))]
    response = await running.http.post(url, data={"search": json.dumps(search)}, files=twice)
    check_problem(response, 400, ErrorCode.VALIDATION)


async def test_what_is_shown_is_counted_sorted_and_folded(running: Running) -> None:
    everything = await found(running, query="red", mode="vector", with_total=True, limit=2)
    whole = await found(running, query="red", mode="vector", fold={"copies": False}, limit=100)
    kinds = {hit["sha256"] for hit in whole["results"]}
    assert (everything["total"], everything["total_is_exact"]) == (len(kinds), True)
    by_path = await found(running, query="red", mode="vector", sort="path", limit=100)
    paths = [hit["path"] for hit in by_path["results"]]
    assert paths == sorted(paths)
    folded = {hit["id"]: hit["folded"] for hit in by_path["results"] if hit["folded"]}
    assert sum(one["count"] for one in folded.values()) == len(whole["results"]) - len(kinds) == 1
    ids = {hit["id"] for hit in whole["results"]}
    assert all(ids.issuperset(one["ids"]) for one in folded.values())
    back = await found(running, query="red", mode="vector", sort="path", order="desc", limit=100)
    # Of copies the first in the order is shown.
    copies = [str(running.photos / "red" / name) for name in ("copy.png", "0.png")]
    others = [path for path in paths if path not in copies]
    assert [hit["path"] for hit in back["results"]] == [copies[0], *others[::-1]]


async def test_filters_alone_list_what_they_let_through(running: Running) -> None:
    folder = str(running.photos / "red")
    asked: dict[str, Any] = {"query": " \u200b", "filters": {"folder": folder}, "limit": 2}
    reply = await found(running, **asked, with_total=True)
    assert reply["mode_used"] is None
    assert {(one["score"], *one["found_by"]) for one in reply["results"]} == {(None,)}
    listed = await running.get(f"/images?folder={folder}&sort=taken_at&order=desc&limit=2")
    assert reply["results"] != []
    assert [one["id"] for one in reply["results"]] == [one["id"] for one in listed["images"]]
    assert (reply["total"], reply["total_is_exact"]) == (listed["total"], True)
    seen, cursor = [one["id"] for one in reply["results"]], reply["cursor"]
    while cursor is not None:
        page = await found(running, **asked, cursor=cursor)
        seen, cursor = seen + [one["id"] for one in page["results"]], page["cursor"]
    assert len(seen) == len(set(seen)) == listed["total"]
    everything = await found(running, sort="path", limit=100)
    paths = [one["path"] for one in everything["results"]]
    assert paths == sorted(paths)
    assert set(folders(everything)) > {"red"}
    refused = await running.post("/search", {**asked, "query": "red", "cursor": reply["cursor"]})
    check_problem(refused, 400, ErrorCode.CURSOR)


async def test_what_was_found_is_sorted_by_when_it_was_added(running: Running) -> None:
    listed = await running.get("/images?sort=added&limit=100")
    asked: dict[str, Any] = {"query": "red", "fold": {"copies": False}, "limit": 100}
    reply = await found(running, **asked, mode="vector", sort="added")
    assert {one["id"] for one in reply["results"]} == {one["id"] for one in listed["images"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_score": 0.2},
        {"min_relevance": 0.5},
        {"diverse": True},
        {"fold": {"pairs": True}},
        {"parse": True},
        {"mode": "hybrid"},
        {"mode": "text", "positive": [{"text": "red"}]},
        {"query": "red", "mode": "text", "min_score": 0.2},
        {"query": "red", "mode": "text", "negative": [{"text": "red"}]},
        {"query": "red", "diverse": True, "sort": "path"},
        {"positive": [{}]},
        {"positive": [{"text": "red", "vector": [1.0]}]},
        {"positive": [{"text": "red", "weight": 0}]},
        {"positive": [{"text": "red", "weight": -1}]},
        {"positive": [{"text": "red"}] * 9},
        {"vector": [1.0, 2.0]},
        {"vector": [0] * 8},
        {"vector": ["1"] * 8},
        {"vector": [1e300] * 8},
        {"positive": [{"file": "r.png"}]},
        {"positive": [{"text": "red"}], "negative": [{"text": "red"}]},
        {"query": "red", "sort": "size"},
        {"query": "red", "fold": {"everything": True}},
    ],
)
async def test_what_makes_no_sense_is_refused(running: Running, wrong: dict[str, Any]) -> None:
    check_problem(await running.post("/search", wrong), 400, ErrorCode.VALIDATION)


async def test_a_stored_image_that_is_not_there_is_said(running: Running) -> None:
    gone = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
    reply = await running.post("/search", {"positive": [{"image_id": gone}]})
    check_problem(reply, 404, ErrorCode.IMAGE_NOT_FOUND)
    response = await running.http.get(f"/api/v1/images/{gone}/vector")
    check_problem(response, 404, ErrorCode.IMAGE_NOT_FOUND)
