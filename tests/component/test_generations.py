"""A generation fills beside the one that answers; to switch, and to go back, is one step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
)
from ingestion_orchestration_fastapi_app.errors import GenerationStateProblem
from tests.component.orchestrator_app import Running, orchestrator, paint
from tests.component.test_damaged_collections import manifests_of_garbage
from tests.component.test_lost_ledger import lose_ledger
from tests.fakes import DIM, capabilities

pytestmark = pytest.mark.anyio

IMAGES = 4
OTHER = capabilities().clip.model_copy(
    update={"model": "other", "dim": 2 * DIM, "fingerprint": "other"}
)


async def filled(running: Running) -> tuple[CollectionRecord, Generation]:
    """With another generation, whose table has the same points, by another model."""
    for number in range(IMAGES):
        paint(running.photos / f"{number}.png", "red", side_px=60 + number)
    await running.ingested()
    services = running.app.state.services
    collection = await services.collections.get("default")
    filling = await services.collections.generations.begin(collection, OTHER)
    store, ledger = services.ports.store, services.ports.ledger
    table = collection.bound().table
    ids = [one async for group in store.ids(table) for one in group]
    points = [
        replace(point, vector=np.eye(2 * DIM, dtype=np.float32)[number], fingerprint="other")
        for number, point in enumerate(await store.get(table, ids, vectors=True))
    ]
    version = await store.write(filling.table, points, may_exist=())
    await ledger.generations.set_synced_version(filling.id, version)
    return await services.collections.get("default"), filling


def generations(running: Running) -> Any:
    return running.app.state.services.collections.generations


async def answer(running: Running, image_id: str) -> tuple[str, frozenset[float]]:
    """By which model, and how near the others are."""
    response = await running.http.get(f"/api/v1/images/{image_id}/similar")
    assert response.status_code == 200, response.text
    reply = response.json()
    assert len(reply["results"]) == IMAGES - 1
    return reply["model"], frozenset(round(hit["score"]) for hit in reply["results"])


async def test_searches_switch_at_once_and_back(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        first = collection.bound()
        image_id = (await running.get("/images"))["images"][0]["id"]
        old, new = (first.model, frozenset({1})), ("other", frozenset({0}))
        assert await answer(running, image_id) == old, "what fills does not answer"
        switched = await generations(running).activate(collection.id, filling.id)
        assert [one.state for one in switched.generations] == [
            GenerationState.RETIRED,
            GenerationState.ACTIVE,
        ]
        assert await answer(running, image_id) == new
        seen: set[tuple[str, frozenset[float]]] = set()
        over: list[bool] = []

        async def ask_on() -> None:
            while not over:
                seen.add(await answer(running, image_id))
                await checkpoint()

        async with create_task_group() as tg:
            for _ in range(3):
                tg.start_soon(ask_on)
            for number in range(20):
                to = filling if number % 2 else first
                await generations(running).activate(collection.id, to.id)
                seen.add(await answer(running, image_id))
            over.append(True)
        assert seen == {old, new}, "each answer is of one of them"
    async with orchestrator(tmp_path) as running:
        assert await answer(running, image_id) == new
        assert (await running.get("/collections/default"))["fingerprint"] == "other"


async def test_a_removed_generation_takes_its_table_along(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        first = collection.bound()
        with pytest.raises(GenerationStateProblem):
            await generations(running).remove(collection.id, first)
        await generations(running).activate(collection.id, filling.id)
        for _ in range(2):
            await generations(running).remove(collection.id, first)
        store = running.app.state.services.ports.store
        assert await store.tables() == [filling.table, "default.words"]
        assert (await running.get("/collections/default"))["count"] == IMAGES
        (now,) = (await running.app.state.services.collections.get("default")).generations
        assert now.id == filling.id


async def test_all_tables_go_with_the_collection(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await filled(running)
        assert (await running.http.delete("/api/v1/collections/default")).status_code == 204
        services = running.app.state.services
        assert await services.ports.store.tables() == []
        assert await services.ports.ledger.collections.dropped_tables() == []


async def test_a_damaged_table_that_fills_harms_nobody(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        _, filling = await filled(running)
        (running.photos.parent / "moved").mkdir()
    manifests_of_garbage(tmp_path / "data" / "store" / f"{filling.table}.lance")
    moved = tmp_path / "moved"
    async with orchestrator(tmp_path, ingest_roots=(tmp_path / "photos", moved)) as running:
        shown = await running.get("/collections/default")
        assert (shown["state"], shown["count"], shown["detail"]) == ("ready", IMAGES, None)
        assert (await running.ingested())["counts"]["unchanged"] == IMAGES
        (running.photos / "0.png").unlink()
        job = await running.ingested(sync=True)
        assert (job["state"], job["removed"]) == ("completed", 1), job
        to = {"from": str(running.photos), "to": str(moved)}
        response = await running.post("/collections/default/roots/repoint", to)
        assert response.status_code == 200, response.text
        assert response.json()["roots"] == [str(moved)]


async def test_what_is_removed_goes_out_of_all_tables(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        (running.photos / "0.png").unlink()
        assert (await running.ingested(sync=True))["removed"] == 1
        store = running.app.state.services.ports.store
        for table in (collection.bound().table, filling.table):
            assert await store.count(table) == IMAGES - 1


async def test_roots_that_move_do_so_in_all_tables(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    roots = (tmp_path / "photos", tmp_path / "moved")
    async with orchestrator(tmp_path, ingest_roots=roots) as running:
        collection, filling = await filled(running)
        to = {"from": str(running.photos), "to": str(tmp_path / "moved")}
        await running.post("/collections/default/roots/repoint", to)
        await generations(running).activate(collection.id, filling.id)
        paths = [image["path"] for image in (await running.get("/images"))["images"]]
        assert [Path(one).parent for one in paths] == [tmp_path / "moved"] * IMAGES


async def test_a_lost_ledger_finds_which_one_answered(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        await generations(running).activate(collection.id, filling.id)
    lose_ledger(tmp_path)
    async with orchestrator(tmp_path) as running:
        made = await running.post("/collections", {"name": "default"})
        assert (made.json()["fingerprint"], made.json()["count"]) == ("other", IMAGES)
        now = await running.app.state.services.collections.get("default")
        assert {one.table: one.state for one in now.generations} == {
            collection.bound().table: GenerationState.RETIRED,
            filling.table: GenerationState.ACTIVE,
        }


async def test_a_table_that_was_away_while_roots_moved_is_brought_up(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    roots = (tmp_path / "photos", tmp_path / "moved")
    async with orchestrator(tmp_path, ingest_roots=roots) as running:
        collection, filling = await filled(running)
    rows = tmp_path / "data" / "store" / f"{filling.table}.lance" / "data"
    rows.rename(tmp_path / "away")
    async with orchestrator(tmp_path, ingest_roots=roots) as running:
        to = {"from": str(running.photos), "to": str(tmp_path / "moved")}
        response = await running.post("/collections/default/roots/repoint", to)
        assert response.status_code == 200, response.text
    (tmp_path / "away").rename(rows)
    async with orchestrator(tmp_path, ingest_roots=roots) as running:
        await generations(running).activate(collection.id, filling.id)
        paths = [image["path"] for image in (await running.get("/images"))["images"]]
        assert [Path(one).parent for one in paths] == [tmp_path / "moved"] * IMAGES
