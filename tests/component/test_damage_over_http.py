"""Damage of the vector store as it is said over HTTP, and mended by the next import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.store_damages import DAMAGES
from tests.component.store_fixtures import files_of, row_ids
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def photos(folder: Path, number: int) -> None:
    for each in range(number):
        colour = ("red", "green", "blue")[each % 3]
        paint(folder / "photos" / f"{each:03}.png", colour, side_px=32 + each)


async def answers(running: Running, image_id: str) -> list[Any]:
    get, post = running.http.get, running.http.post
    return [
        await post("/api/v1/search/text", json={"query": "red", "limit": 100}),
        await get("/api/v1/images?limit=100"),
        await get(f"/api/v1/images/{image_id}"),
        await get(f"/api/v1/images/{image_id}/similar"),
        await get(f"/api/v1/images/{image_id}/thumbnail"),
        await get("/api/v1/collections"),
        await get("/api/v1/collections/default"),
    ]


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
async def test_damage_is_said_with_an_advice_and_the_next_import_mends_it(
    tmp_path: Path, damage: Callable[[str], None], *, restarts: bool
) -> None:
    photos(tmp_path, 40)
    folder = str(tmp_path / "data" / "store")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        embedded = running.service.images
        image_id = (await running.get("/images?limit=1"))["images"][0]["id"]
        if not restarts:
            damage(files_of(folder, "data", table="default")[-1])
            await _mended(running, image_id)
            assert running.service.images == embedded
    if restarts:
        damage(files_of(folder, "data", table="default")[-1])
        async with orchestrator(tmp_path) as running:
            await _mended(running, image_id)
            assert running.service.images == 0


async def _mended(running: Running, image_id: str) -> None:
    for answer in await answers(running, image_id):
        if answer.status_code not in (200, 404):
            check_problem(answer, 503, ErrorCode.STORE_READ)
    job = await running.ingested(sync=True)
    assert job["state"] == "completed", job
    assert any("damaged" in warning for warning in job["warnings"])
    assert job["counts"]["unchanged"] + job["counts"]["cached"] == 40
    for answer in await answers(running, image_id):
        assert answer.status_code == 200, answer.text
    found = (await running.post("/search/text", {"query": "red", "limit": 100})).json()["results"]
    assert len({one["id"] for one in found}) == len(found) == 40
    store = running.app.state.services.ports.store
    rows = await row_ids(store, "default")
    assert len(rows) == len(set(rows)) == 40
    again = await running.ingested(sync=True)
    assert again["counts"]["unchanged"] == 40
    assert again["warnings"] == []
