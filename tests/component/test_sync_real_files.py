"""Removal of what is gone, over real files, a real ledger and a real store."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from tests.component import test_crashes
from tests.component.bench import Bench
from tests.component.orchestrator_app import Running, orchestrator, paint
from tests.component.test_crashes import Fuse, cut
from tests.component.test_sync import filled, ids_of_files, lose
from utils.contract import JobCounts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["artefacts.begin_delete", "store.delete", "files.delete_files"])
async def test_a_cut_after_a_step_is_mended_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = await filled(bench=Bench(ledger=ledger, store=store))
        lose(bench, 8)
        fuse = Fuse(1, after=True)
        await cut(bench, fuse, partial(bench.job, sync=True))
        assert fuse.burnt_at == name
        await bench.resumed()
        (job,) = await ledger.jobs.list_newest(limit=1, offset=0)
        assert job.progress.removed == 8
        assert set(await bench.rows()) == await ids_of_files(bench)
        assert (await bench.job(sync=True)).counts == JobCounts(found=53, unchanged=52, skipped=1)
    await store.aclose()


async def count(running: Running) -> int:
    return int((await running.get("/collections/default"))["count"])


async def test_sync_over_real_files(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(6):
        for folder in ("kept", "locked", "hidden"):
            paint(photos / folder / f"{number}.png", "red", side_px=30 + number)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        assert await count(running) == 18
        (photos / "kept" / "0.png").unlink()
        (photos / "locked" / "0.png").unlink()
        (photos / "hidden").rename(photos / ".hidden")
        (photos / ".hidden").rename(photos / "shown")  # another name: moved
        os.chmod(photos / "locked", 0)
        try:
            job = await running.ingested(sync=True)
        finally:
            os.chmod(photos / "locked", 0o700)
        may_read_all = os.geteuid() == 0
        assert job["counts"]["cached"] == 6
        assert job["removed"] == 7 + may_read_all
        assert await count(running) == 17 - may_read_all
        os.rename(photos / "shown", photos / ".shown")
        assert (await running.ingested(sync=True))["removed"] == 6
        inner = {"directory_path": str(photos / "kept"), "sync": True}
        (photos / "kept" / "1.png").unlink()
        (photos / "locked" / "1.png").unlink()
        started = await running.post("/ingest", inner)
        job = await running.ended(started.json()["job_id"])
        assert job["removed"] == 1  # only below the folder that was asked for


async def test_a_photo_in_whose_place_a_folder_is_is_removed(tmp_path: Path) -> None:
    for name in ("kept", "replaced"):
        paint(tmp_path / "photos" / f"{name}.png", "red")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        (running.photos / "replaced.png").unlink()
        paint(running.photos / "replaced.png" / "inside.png", "blue")
        job = await running.ingested(sync=True)
        assert (job["removed"], job["counts"]["embedded"]) == (1, 1)
        images = (await running.get("/images"))["images"]
        assert [image["filename"] for image in images] == ["kept.png", "inside.png"]


async def test_what_was_imported_of_a_folder_that_is_photoseeks_own_now_is_removed(
    tmp_path: Path,
) -> None:
    """The data folder was moved there: its pictures are not shown, and no scan meets them."""
    own = tmp_path / "photos" / "own"
    for path in (own / "a.png", tmp_path / "photos" / "b.png"):
        paint(path, "red")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
    for one in (tmp_path / "data").iterdir():
        one.rename(own / one.name)
    async with orchestrator(tmp_path, data_dir=own) as running:
        job = await running.ingested(sync=True)
        assert job["removed"] == 1
        images = (await running.get("/images"))["images"]
        assert [image["filename"] for image in images] == ["b.png"]
