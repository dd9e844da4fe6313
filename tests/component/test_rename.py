"""A collection gets another name, and everything else of it stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from tests.component.bench import Bench, mixed_folder
from tests.component.orchestrator_app import (
    PATIENCE_S,
    Running,
    check_problem,
    orchestrator,
    paint,
)
from tests.component.test_lost_ledger import found, lose_ledger
from tests.component.watch_bench import Watched, only_new_job, quiet, tree, watched
from utils.contract import ErrorCode, JobCounts

pytestmark = pytest.mark.anyio


def pictures(folder: Path) -> None:
    for colour in ("red", "green", "blue"):
        paint(folder / "photos" / f"{colour}.png", colour)


async def rename(running: Running, name: str, new: str) -> Any:
    return await running.http.patch(f"/api/v1/collections/{name}", json={"name": new})


async def ids_of(running: Running, collection: str) -> set[str]:
    page = await running.get(f"/images?collection={collection}")
    return {image["id"] for image in page["images"]}


async def test_ids_roots_jobs_and_pictures_stay(tmp_path: Path) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        was, ids = await running.get("/collections/default"), await ids_of(running, "default")
        hits = await found(running, "default")
        answer = await rename(running, "default", "Italy.2019")
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said == {**{key: was[key] for key in said}, "name": "Italy.2019"}
        gone = await running.http.get("/api/v1/collections/default")
        check_problem(gone, 404, ErrorCode.COLLECTION_NOT_FOUND)
        now = await running.get("/collections/Italy.2019")
        assert now == {**was, "name": "Italy.2019", "disk": now["disk"]}
    async with orchestrator(tmp_path) as running:
        assert await ids_of(running, "Italy.2019") == ids
        assert await found(running, "Italy.2019") == hits
        assert (await running.get(f"/jobs/{job['job_id']}"))["collection"] == "Italy.2019"
        for kind in ("thumbnail", "file"):
            for one in ids:
                path = f"/api/v1/images/{one}/{kind}?collection=Italy.2019"
                assert (await running.http.get(path)).status_code == 200
        again = await running.ingested(collection="Italy.2019")
        assert again["counts"]["unchanged"] == again["counts"]["found"] == 3


async def test_a_name_that_cannot_be_given_is_refused(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for name in ("one", "two"):
            await running.post("/collections", {"name": name})
        check_problem(await rename(running, "one", "two"), 409, ErrorCode.COLLECTION_EXISTS)
        check_problem(await rename(running, "three", "four"), 404, ErrorCode.COLLECTION_NOT_FOUND)
        check_problem(await rename(running, "one", "a b"), 400, ErrorCode.VALIDATION)
        for _ in range(2):
            assert (await rename(running, "one", "one")).json()["name"] == "one"
        names = [one["name"] for one in (await running.get("/collections"))["collections"]]
        assert names == ["one", "two"]


async def test_a_collection_under_the_old_name_is_another_one(tmp_path: Path) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        before = await ids_of(running, "default")
        await rename(running, "default", "kept")
        assert (await running.post("/collections", {"name": "default"})).json()["count"] == 0
        await running.ingested()
        ids = await ids_of(running, "default")
        assert len(ids) == 3
        assert ids.isdisjoint(before)
        deleted = await running.http.delete("/api/v1/collections/default")
        assert deleted.status_code == 204
        assert await ids_of(running, "kept") == before
    async with orchestrator(tmp_path) as running:
        assert await ids_of(running, "kept") == before
        assert (await running.post("/collections", {"name": "default"})).json()["count"] == 0


async def test_a_job_that_runs_meanwhile_goes_on(tmp_path: Path) -> None:
    """It waits before it knows its model: the collection's table is not even made."""
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        running.service.down = True
        response = await running.post("/ingest", {"directory_path": str(running.photos)})
        job_id = response.json()["job_id"]
        with fail_after(PATIENCE_S):
            while (await running.get(f"/jobs/{job_id}"))["state"] != "waiting_for_ml":
                await sleep(0.01)
        await rename(running, "default", "kept")
        await running.post("/collections", {"name": "default"})
        running.service.down = False
        job = await running.ended(job_id)
        assert (job["state"], job["collection"]) == ("completed", "kept")
        assert job["counts"]["embedded"] == 3
        assert (await running.get("/collections/kept"))["count"] == 3
        assert (await running.get("/collections/default"))["count"] == 0


async def test_it_is_found_by_its_new_name_where_the_ledger_is_lost(tmp_path: Path) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        ids = await ids_of(running, "default")
        await rename(running, "default", "kept")
    lose_ledger(tmp_path)
    async with orchestrator(tmp_path) as running:
        assert (await running.post("/collections", {"name": "default"})).json()["count"] == 0
        assert (await running.post("/collections", {"name": "kept"})).json()["count"] == 3
        assert await ids_of(running, "kept") == ids
        job = await running.ingested(collection="kept")
        assert job["counts"]["cached"] == 3
        assert await ids_of(running, "kept") == ids


async def test_a_table_that_says_no_model_follows_its_collection() -> None:
    """It is older than that; and it is named before it is ever filled."""
    bench = Bench()
    mixed_folder(bench.library)
    await bench.store.create("default", dim=8)
    collections = bench.collections()
    made = await collections.create("default")
    assert made.identity == "default", "what the ids of its points were made of"
    renamed = await collections.rename("default", "kept")
    await collections.bind(renamed.id, bench.inference.told)
    now = await collections.get("kept")
    assert (now.identity, now.bound().table) == ("default", "default")


async def test_a_watched_folder_is_followed_under_the_new_name() -> None:
    async with watched(tree()) as run:
        await run.watch()
        await renamed(run, "kept")
        run.library.put(b"two/new.jpg", b"image new")
        run.events.touch(b"two")
        await quiet(run)
        job = await only_new_job(run)
        assert job.request.collection == "kept"
        assert job.counts == JobCounts(found=21, unchanged=20, embedded=1)


async def renamed(run: Watched, new: str) -> None:
    await run.bench.collections().rename("default", new)
