"""Removals are undone over REST: a job's, a selection's; the trash is described and emptied."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from tests.component.orchestrator_app import PATIENCE_S, Running, check_problem, orchestrator
from tests.component.test_forgetting_rest import found_by, images, painted, verified
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

NOTHING = {"points": 0, "bytes": 0, "expires_at": None, "last_expires_at": None}


async def trash(running: Running) -> Any:
    return (await running.get("/collections/default"))["trash"]


async def emptied_folder(running: Running) -> tuple[dict[str, Any], Any]:
    """What was there, and the job that removed three of four."""
    painted(running)
    await running.ingested()
    there = await images(running)
    for name in ("a", "copy", "b"):
        (running.photos / f"{name}.png").rename(running.photos.parent / f"{name}.png")
    job = await running.ingested(sync=True)
    assert job["removed"] == 3
    assert set(await images(running)) == {"c.png"}
    return there, job


def put_back(running: Running) -> None:
    for name in ("a", "copy", "b"):
        (running.photos.parent / f"{name}.png").rename(running.photos / f"{name}.png")


async def undone(running: Running, job_id: str) -> Any:
    reply = await running.post(f"/jobs/{job_id}/undo", {})
    assert reply.status_code == 202, reply.text
    accepted = reply.json()
    assert reply.headers["Location"] == accepted["status_url"]
    return await running.ended(accepted["job_id"])


async def test_what_a_job_removed_is_found_again_and_a_check_agrees(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        there, job = await emptied_folder(running)
        kept = await trash(running)
        assert (kept["points"], kept["bytes"] > 0) == (3, True)
        first, last = (
            datetime.fromisoformat(kept[one]) for one in ("expires_at", "last_expires_at")
        )
        assert first <= last
        assert first - datetime.fromisoformat(job["finished_at"]) > timedelta(days=29)
        metrics = (await running.http.get("/metrics")).text
        assert 'photoseek_orchestrator_trash_points{collection="default"}' in metrics
        put_back(running)
        inferred = running.service.images
        undo = await undone(running, job["job_id"])
        assert (undo["kind"], undo["state"], undo["done"], undo["total"]) == (
            "undo",
            "completed",
            3,
            3,
        )
        assert any("removed again" in warning for warning in undo["warnings"])
        report = await running.get(f"/jobs/{undo['job_id']}/report")
        assert report["numbers"] == {"restored": 3, "not_kept": 0, "without_vector": 0}
        assert await images(running) == there
        assert await found_by(running, "red") == set(there)
        assert await trash(running) == NOTHING
        again = await running.ingested(sync=True)
        assert (again["counts"]["unchanged"], again["removed"]) == (4, 0)
        assert running.service.images == inferred
        assert (await verified(running))["findings"] == []


async def test_what_can_not_be_undone_is_said_at_once(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        first = (await emptied_folder(running))[1]
        nothing = await running.ingested()
        reply = await running.http.delete("/api/v1/collections/default/trash")
        assert (reply.status_code, reply.json()) == (200, {"emptied": 3})
        for job, words in ((nothing, "no image"), (first, "kept any more")):
            refused = await running.post(f"/jobs/{job['job_id']}/undo", {})
            check_problem(refused, 409, ErrorCode.JOB_STATE)
            assert words in refused.json()["detail"]
        for unknown in ("nobody", "NO-ID"):
            refused = await running.post(f"/jobs/{unknown}/undo", {})
            check_problem(refused, 404, ErrorCode.JOB_NOT_FOUND)
        assert await trash(running) == NOTHING
        check = await running.post("/jobs", {"kind": "verify"})
        await running.ended(check.json()["job_id"])
        refused = await running.post(f"/jobs/{check.json()['job_id']}/undo", {})
        check_problem(refused, 409, ErrorCode.JOB_STATE)


async def test_asked_for_twice_it_is_one_job_as_long_as_it_runs(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        there, job = await emptied_folder(running)
        services: AppState = running.app.state.services
        collection = await services.collections.get("default")
        async with services.collections.writers.of(collection.id):  # it waits for its turn
            asked = [await running.post(f"/jobs/{job['job_id']}/undo", {}) for _ in range(2)]
            first, second = (reply.json()["job_id"] for reply in asked)
            assert first == second
            refused = await running.post(f"/jobs/{first}/undo", {})
            check_problem(refused, 409, ErrorCode.JOB_STATE)
        await running.ended(first)
        assert set(await images(running)) == set(there)


async def test_what_a_watch_removed_is_undone_like_any_removal(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, watch_debounce_s=0.05) as running:
        painted(running)
        await running.ingested(watch=True)
        there = await images(running)
        (running.photos / "b.png").rename(tmp_path / "b.png")
        found: list[Any] = []
        with fail_after(PATIENCE_S):
            while not found:
                listed = (await running.get("/jobs"))["jobs"]
                found = [one for one in listed if one["removed"] and one["finished_at"]]
                await sleep(0.05)  # as a client does
        assert found[0]["origin"] == "watch"
        (tmp_path / "b.png").rename(running.photos / "b.png")
        await undone(running, found[0]["job_id"])
        assert set(await images(running)) == set(there)


async def test_it_may_be_asked_for_as_any_job_of_its_own_collection(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        there, job = await emptied_folder(running)
        await running.post("/collections", {"name": "other"})
        asked = {"kind": "undo", "collection": "other", "options": {"job_id": job["job_id"]}}
        check_problem(await running.post("/jobs", asked), 404, ErrorCode.JOB_NOT_FOUND)
        for options in ({}, {"job_id": "NO ID"}, {"job_id": job["job_id"], "more": 1}):
            refused = await running.post("/jobs", {"kind": "undo", "options": options})
            check_problem(refused, 400, ErrorCode.VALIDATION)
        accepted = await running.post("/jobs", asked | {"collection": "default"})
        assert accepted.status_code == 202, accepted.text
        await running.ended(accepted.json()["job_id"])
        assert set(await images(running)) == set(there)


async def test_what_was_forgotten_comes_back_by_its_ids_with_every_copy(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        there = await images(running)
        chosen = {"ids": [there["a.png"]["id"], there["b.png"]["id"]]}
        assert (await running.post("/selection/forget", chosen)).json()["forgotten"] == 3
        assert (await trash(running))["points"] == 3
        chosen["ids"] += [str(uuid4()), there["c.png"]["id"]]
        reply = await running.post("/selection/restore", chosen)
        assert reply.status_code == 200, reply.text
        expected = {"restored": 3, "without_vector": 0, "left": 0, "missing": 2}
        assert reply.json() == expected
        assert await images(running) == there
        assert (await running.get("/collections/default/forgotten"))["forgotten"] == []
        again = await running.post("/selection/restore", chosen)
        check_problem(again, 404, ErrorCode.IMAGE_NOT_FOUND)
        job = await running.ingested(force=False, sync=True)
        assert (job["counts"]["unchanged"], job["removed"]) == (4, 0)
        assert (await verified(running))["findings"] == []


async def test_what_a_job_removed_comes_back_by_its_ids_too(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        there, job = await emptied_folder(running)
        put_back(running)
        reply = await running.post("/selection/restore", {"ids": [there["a.png"]["id"]]})
        assert reply.json()["restored"] == 1, "a copy is another image that a job removed"
        assert set(await images(running)) == {"a.png", "c.png"}
        await undone(running, job["job_id"])
        assert await images(running) == there


async def test_nothing_comes_back_after_the_trash_was_emptied_but_by_an_import(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        there = await images(running)
        await running.post("/selection/forget", {"ids": [there["b.png"]["id"]]})
        reply = await running.http.delete("/api/v1/collections/default/trash")
        assert reply.json() == {"emptied": 1}
        unknown = await running.http.delete("/api/v1/collections/nobody/trash")
        check_problem(unknown, 404, ErrorCode.COLLECTION_NOT_FOUND)
        back = f"/api/v1/collections/default/forgotten/{there['b.png']['sha256']}"
        assert (await running.http.delete(back)).status_code == 204
        assert "b.png" not in await images(running)
        assert (await running.ingested())["counts"]["cached"] == 1
