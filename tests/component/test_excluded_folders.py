"""Excluded folders: their images are gone for good, whatever is cut off, imported or forced."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.errors import FolderNotFound
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component import test_crashes
from tests.component.bench import Bench
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.test_crashes import Fuse, cut
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

OUT = b"/photos/out"
STEPS = frozenset(
    {
        "folder_marks.put",
        "trash.put",
        "artefacts.begin_delete",
        "store.delete",
        "folder_marks.exclude_points",
        "folder_marks.end",
    }
)
STAYING, LEAVING = 6, 5
EXCLUDED = "/collections/default/folders/excluded"


async def filled(bench: Bench | None = None) -> Bench:
    bench = bench or Bench()
    for number in range(STAYING):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)
    for number in range(LEAVING):
        bench.library.put(
            b"out/%s%d.jpg" % (b"deep/" * (number % 2), number), b"image o%d" % number
        )
    bench.library.put(b"out/notes.txt", b"text")
    bench.library.put(b"outside.jpg", b"image beside")
    await bench.job()
    return bench


async def opened(bench: Bench) -> Collections:
    collections = bench.collections()
    await collections.check_all()
    return collections


async def exclude(bench: Bench) -> int:
    _, removed = await bench.excluding(await opened(bench)).exclude("default", OUT)
    return removed


async def as_a_group(bench: Bench) -> None:
    async with create_task_group():  # a cut comes out as a group, as from a job
        await exclude(bench)


async def check_gone(bench: Bench, where: str = "") -> None:
    left = await bench.store.page("default", limit=1000, offset=0)
    assert len(left) == len(await bench.rows()) == STAYING + 1, where
    assert not [one for one in left if one.path.startswith(OUT + b"/")], where
    collection = await bench.collection()
    generation = collection.bound()
    assert await bench.ledger.artefacts.count_stored(generation.id) == STAYING + 1, where
    assert await bench.ledger.artefacts.pending_deletes(generation.id, limit=10) == [], where
    assert all(one.is_done for one in collection.marked), where


async def test_its_images_leave_no_import_brings_them_back_and_its_files_stay() -> None:
    bench = await filled()
    files = set(bench.library.files)
    assert len(await bench.rows()) == STAYING + LEAVING + 1
    assert await exclude(bench) == LEAVING
    await check_gone(bench)
    assert await exclude(bench) == 0, "asking twice is asking once"
    inferred = len(bench.inference.inferred)
    for options in ({}, {"force": True}, {"sync": True}):
        job = await bench.job(**options)  # type: ignore[arg-type]  # each is one of its options
        assert (job.state, job.progress.removed) == (JobState.COMPLETED, 0)
        assert job.counts.found == STAYING + 1
        await check_gone(bench)
    bench.library.put(b"out/new.jpg", b"image new")
    assert (await bench.job()).counts.found == STAYING + 1
    assert set(bench.library.files) == files | {b"out/new.jpg"}
    await bench.excluding(await opened(bench)).include("default", OUT)
    back = await bench.job()
    assert (back.counts.cached, back.counts.embedded) == (LEAVING, 1)
    assert len(bench.inference.inferred) > inferred
    assert len(await bench.rows()) == STAYING + LEAVING + 2
    with pytest.raises(FolderNotFound):
        await bench.excluding(await opened(bench)).include("default", OUT)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_at_any_step_is_seen_through_at_the_next_start(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", STEPS)
    burnt: set[str] = set()
    for step in range(1, 50):
        bench = await filled()
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(as_a_group, bench))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        if (fuse.burnt_at, after) == ("folder_marks.put", False):
            assert len(await bench.rows()) == STAYING + LEAVING + 1, "nothing was begun"
            continue
        await check_gone(bench, where)
        assert (await bench.job()).counts.unchanged == STAYING + 1, where
        await check_gone(bench, where)
    else:
        raise AssertionError("it has more durable steps than were tried")
    assert burnt == STEPS


@pytest.mark.parametrize(
    "name", ["folder_marks.put", "store.delete", "folder_marks.exclude_points"]
)
async def test_a_cut_is_seen_through_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = await filled(Bench(ledger=ledger, store=store))
        fuse = Fuse(1, after=True)
        await cut(bench, fuse, partial(as_a_group, bench))
        assert fuse.burnt_at == name
        await bench.resumed()
        await check_gone(bench, name)
        await bench.excluding(await opened(bench)).include("default", OUT)
        job = await bench.job()
        assert (job.counts.cached, job.counts.embedded) == (LEAVING, 0)
    await store.aclose()


async def test_what_an_import_is_about_to_write_is_passed_over_as_well() -> None:
    bench = await filled()
    for number in range(200):
        folder = b"out/" if number % 2 else b""
        bench.library.put(folder + b"m%03d.jpg" % number, b"image m%d" % number)
    collections = await opened(bench)
    scheduler = bench.scheduler(collections)
    before = await bench.store.count("default")
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        record = await bench.submitted(scheduler)
        with fail_after(60):
            while await bench.store.count("default") <= before:
                await checkpoint()
            await bench.excluding(collections).exclude("default", OUT)
        job = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    assert job.state is JobState.COMPLETED
    assert job.counts.pending == job.counts.failed == 0
    left = await bench.store.page("default", limit=1000, offset=0)
    assert not [one for one in left if one.path.startswith(OUT + b"/")]
    assert len(left) == STAYING + 1 + 100


async def names(running: Running) -> set[str]:
    page = await running.get("/images?limit=100&include_hidden=true")
    return {image["filename"] for image in page["images"]}


async def test_over_rest_a_folder_is_excluded_watched_over_and_taken_back(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, watch_debounce_s=0.05) as running:
        for name in ("a", "out/b", "out/deep/c", "outer/d"):
            paint(running.photos / f"{name}.png", "red", side_px=40 + len(name))
        await running.ingested(watch=True)
        path = str(running.photos / "out")
        reply = await running.post(EXCLUDED, {"path": path})
        assert reply.status_code == 200, reply.text
        assert (reply.json()["path"], reply.json()["removed"]) == (path, 2)
        assert await names(running) == {"a.png", "d.png"}
        (listed,) = (await running.get(EXCLUDED))["folders"]
        assert listed == {"path": path, "at": reply.json()["at"]}
        assert (await running.get("/collections/default"))["count"] == 2
        paint(running.photos / "out" / "new.png", "blue", side_px=99)
        paint(running.photos / "beside.png", "blue")
        with fail_after(60):
            while "beside.png" not in await names(running):
                await checkpoint()
        assert await names(running) == {"a.png", "d.png", "beside.png"}
        inside = await running.post("/ingest", {"directory_path": path})
        job = await running.ended(inside.json()["job_id"])
        assert job["counts"]["found"] == 0
        assert any("excluded" in one for one in job["warnings"])
        report = await verified(running)
        assert report["findings"] == []
    async with orchestrator(tmp_path) as running:
        await running.ingested(force=True, sync=True)
        assert await names(running) == {"a.png", "d.png", "beside.png"}
        url, query = f"/api/v1{EXCLUDED}", {"path": path}
        assert (await running.http.delete(url, params=query)).status_code == 204
        check_problem(await running.http.delete(url, params=query), 404, ErrorCode.FOLDER_NOT_FOUND)
        job = await running.ingested()
        assert (job["counts"]["cached"], job["counts"]["embedded"]) == (2, 1)
        assert len(await names(running)) == 6


async def verified(running: Running) -> Any:
    response = await running.post("/jobs", {"kind": "verify", "collection": "default"})
    job_id = response.json()["job_id"]
    await running.ended(job_id)
    return await running.get(f"/jobs/{job_id}/report")
