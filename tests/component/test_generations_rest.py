"""Generations over REST: listed, switched to and back, removed, and what is refused of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.test_generations import IMAGES, filled
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

PATH = "/collections/default/generations"


async def listed(running: Running) -> Any:
    return (await running.get(PATH))["generations"]


async def activate(running: Running, number: int, *, force: bool = False) -> Any:
    return await running.post(f"{PATH}/{number}/activate", {"force": force})


async def test_generations_are_listed_and_one_of_them_answers(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        _, filling = await filled(running)
        first, second = await listed(running)
        assert (first["state"], first["count"], first["missing"]) == ("active", IMAGES, 0)
        assert (second["state"], second["count"]) == ("filling", IMAGES)
        assert (second["id"], second["model"], second["fingerprint"]) == (
            filling.id,
            "other",
            "other",
        )
        assert second["activated_at"] is None
        switched = (await activate(running, second["id"], force=True)).json()["generations"]
        assert [one["state"] for one in switched] == ["retired", "active"]
        shown = await running.get("/collections/default")
        assert (shown["model"], shown["count"]) == ("other", IMAGES)
        back = (await activate(running, first["id"])).json()["generations"]
        assert [one["state"] for one in back] == ["active", "retired"]


async def test_what_a_generation_lacks_is_said_and_guarded(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        _, filling = await filled(running)
        (second,) = [one for one in await listed(running) if one["id"] == filling.id]
        assert second["missing"] == IMAGES, "no job said that it put them there"
        for number in range(8):
            paint(running.photos / f"later{number}.png", "blue", side_px=60 + number)
        await running.ingested()
        refused = await activate(running, filling.id)
        check_problem(refused, 409, ErrorCode.SWITCH_GUARD)
        assert "12 of 12 images" in refused.json()["detail"]
        assert (await running.get("/collections/default"))["model"] == "fake"
        forced = await activate(running, filling.id, force=True)
        assert forced.status_code == 200
        assert [one["missing"] for one in forced.json()["generations"]] == [0, 12]
        assert [one["missing"] for one in await listed(running)] == [0, 0]


async def test_only_what_does_not_answer_is_removed(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        active = collection.bound().id
        refused = await running.http.delete(f"/api/v1{PATH}/{active}")
        check_problem(refused, 409, ErrorCode.GENERATION_STATE)
        assert (await running.http.delete(f"/api/v1{PATH}/{filling.id}")).status_code == 204
        assert [one["id"] for one in await listed(running)] == [active]
        for gone in (await activate(running, filling.id), await activate(running, 99)):
            check_problem(gone, 404, ErrorCode.GENERATION_NOT_FOUND)
        tables = await running.app.state.services.ports.store.tables()
        assert filling.table not in tables


async def test_the_words_are_those_of_the_points_that_answer(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        services = running.app.state.services
        words = services.collections.words
        ids = [one async for group in services.ports.store.ids(filling.table) for one in group]
        await services.ports.store.delete(filling.table, ids[:1])
        await activate(running, filling.id, force=True)
        now = await services.collections.get("default")
        await services.words_filling.fill(now)
        found = [
            one async for group in services.ports.words.ids(words.state(now).table) for one in group
        ]
        assert sorted(found) == sorted(ids[1:])
        await activate(running, collection.bound().id, force=True)
        await services.words_filling.fill(await services.collections.get("default"))
        table = words.state(now).table
        found = [one async for group in services.ports.words.ids(table) for one in group]
        assert sorted(found) == sorted(ids)
