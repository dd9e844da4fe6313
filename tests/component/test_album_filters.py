"""Albums as filters, cursors of albums, and what they say of what is gone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.library.annotations import AlbumChange
from tests.component.album_steps import NOBODY, REDS, ids, made, name_of, pages
from tests.component.orchestrator_app import (
    Running,
    check_problem,
    library,
    orchestrator,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    library(tmp_path)
    async with orchestrator(tmp_path) as started:
        await started.ingested()
        yield started


async def test_searches_and_lists_are_narrowed_by_an_album(running: Running) -> None:
    there = await ids(running)
    shutil.copy(running.photos / "red" / "0.png", running.photos / "copy.png")
    await running.ingested()
    album = await made(running, "Wall", image_ids=[there["red/0.png"], there["blue/1.png"]])
    filters = {"album": album["id"]}
    found = (await running.post("/search/text", {"query": "red", "filters": filters})).json()
    assert {name_of(one) for one in found["results"]} == {"red/0.png", "copy.png", "blue/1.png"}
    listed = await running.get(f"/images?album={album['id']}")
    assert (listed["total"], len(listed["images"])) == (3, 3)
    without = {"none_of": [filters]}
    found = (await running.post("/search", {"query": "red", "filters": without})).json()
    assert {name_of(one) for one in found["results"]}.isdisjoint({"red/0.png", "copy.png"})
    assert (await running.get(f"/images?album={NOBODY}"))["total"] == 0


async def test_a_cursor_is_of_one_album_and_its_search(running: Running) -> None:
    there = await ids(running)
    reds = await made(running, "Reds", search=REDS, image_ids=[there["blue/0.png"]])
    other = await made(running, "Other", image_ids=[there["blue/0.png"]])
    url = f"/api/v1/albums/{reds['id']}/images?limit=1"
    first = (await running.http.get(url)).json()["cursor"]
    second = (await running.http.get(f"{url}&cursor={first}")).json()["cursor"]
    for wrong in (
        f"/api/v1/albums/{other['id']}/images?limit=1&cursor={first}",
        f"/api/v1/albums/{other['id']}/images?limit=1&cursor={second}",
        f"{url}&cursor=x{first[1:]}",
        f"{url}&cursor=h",
        f"{url}&cursor={second}&sort=path",
    ):
        check_problem(await running.http.get(wrong), 400, ErrorCode.CURSOR)
    greens = {"search": {"query": "green", "min_score": 0.9}}
    await running.http.patch(f"/api/v1/albums/{reds['id']}", json=greens)
    check_problem(await running.http.get(f"{url}&cursor={second}"), 400, ErrorCode.CURSOR)


async def test_what_is_gone_makes_an_album_say_so(running: Running) -> None:
    there = await ids(running)
    example = {"positive": [{"image_id": there["red/0.png"]}], "min_score": 0.9}
    album = await made(running, "Like it", search=example, image_ids=[there["red/1.png"]])
    found = await pages(running, album["id"])
    assert {name_of(one) for one in found} == {"red/1.png", "red/2.png", "red/3.png", "red/as.jpg"}
    await running.http.delete(f"/api/v1/images/{there['red/1.png']}")
    assert len(await pages(running, album["id"])) == 3
    await running.http.delete(f"/api/v1/images/{there['red/0.png']}")
    check_problem(
        await running.http.get(f"/api/v1/albums/{album['id']}/images"),
        404,
        ErrorCode.IMAGE_NOT_FOUND,
    )


async def test_after_a_change_of_model_a_vector_is_refused_and_a_score_doubted(
    running: Running,
) -> None:
    vector = await made(running, "V", search={"vector": [1] + [0] * 7, "min_score": 0.5})
    score = await made(running, "S", search=REDS)
    await pages(running, vector["id"])
    albums = running.app.state.services.ports.ledger.albums
    for one in (vector, score):
        album = await albums.get(UUID(one["id"]))
        other = replace(album.search, fingerprint="of-another")
        await albums.change(album.id, AlbumChange(search=other))
    check_problem(
        await running.http.get(f"/api/v1/albums/{vector['id']}/images"),
        409,
        ErrorCode.MODEL_MISMATCH,
    )
    found = await running.get(f"/albums/{score['id']}/images")
    assert len(found["results"]) == 5
    assert any("min_score was set when another model" in one for one in found["warnings"])
