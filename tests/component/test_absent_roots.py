"""A root that is not there loses nothing, whoever confirms it; what has moved is no loss."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.domain.files.deletion import is_absent
from ingestion_orchestration_fastapi_app.domain.jobs.records import Origin
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanFault
from tests.component.bench import Bench, Options
from tests.component.orchestrator_app import Running, orchestrator, paint
from tests.component.test_sync import check_all_kept, filled, ids_of_files
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

CONFIRMED: dict[str, Any] = {"sync": True, "confirm_deletes": True}
ASKED: list[Options] = [
    {"sync": True},
    {"sync": True, "confirm_deletes": True},
    {"sync": True, "confirm_deletes": True, "force": True},
    {"sync": True, "confirm_deletes": True, "folders": (b"/photos/one", b"/photos")},
    {"sync": True, "origin": Origin.WATCH, "folders": (b"/photos",)},
]
IDS = ["sync", "confirmed", "forced", "folders", "watch"]


def empty(bench: Bench) -> None:
    bench.library.files.clear()


def another_disk(bench: Bench) -> None:
    bench.library.files.clear()
    bench.library.devices[b"/photos"] = 9
    bench.library.put(b"other.jpg", b"image of another disk")


def empty_mount_point(bench: Bench) -> None:
    empty(bench)
    bench.library.devices[b"/photos"] = 9


def unreadable(bench: Bench) -> None:
    empty(bench)
    bench.library.faults = [ScanFault(b"/photos", "permission denied")]


@pytest.mark.parametrize("asked", ASKED, ids=IDS)
@pytest.mark.parametrize("absent", [empty, another_disk, empty_mount_point, unreadable])
async def test_of_an_absent_root_nothing_is_ever_removed(absent: Any, asked: Options) -> None:
    bench = await filled()
    before = set(await bench.rows())
    absent(bench)
    for _ in range(2):  # it does not become normal by being gone for long
        job = await bench.job(**asked)
        assert job.progress.removed == 0
        assert before <= set(await bench.rows())


async def test_that_nothing_was_removed_of_an_absent_root_is_said(tmp_path: Path) -> None:
    bench = await filled()
    empty(bench)
    job = await bench.job(sync=True, confirm_deletes=True)
    await check_all_kept(bench, job)
    assert job.state is JobState.COMPLETED
    assert job.reason_code is ErrorCode.DELETE_GUARD
    assert "photoseek roots forget default" in (job.reason or "")


async def test_a_root_by_another_number_is_there_when_its_files_are() -> None:
    bench = await filled()
    bench.library.devices[b"/photos"] = 9  # mounted again
    del bench.library.files[b"one/001.jpg"]
    assert (await bench.job(sync=True)).progress.removed == 1


def test_when_a_root_is_absent() -> None:
    assert is_absent(is_bare=True, is_other=False, has_unchanged=False)
    assert is_absent(is_bare=False, is_other=True, has_unchanged=False)
    assert not is_absent(is_bare=False, is_other=True, has_unchanged=True)
    assert not is_absent(is_bare=False, is_other=False, has_unchanged=False)


async def test_what_was_met_elsewhere_is_no_loss_for_the_guard() -> None:
    bench = await filled()
    files = bench.library.files
    for name in [name for name in files if name.startswith(b"one/") and name.endswith(b".jpg")]:
        files[b"moved/" + name] = files.pop(name)
    job = await bench.job(sync=True)
    assert job.reason_code is None
    assert job.progress.removed == 30
    assert set(await bench.rows()) == await ids_of_files(bench)
    assert len(bench.inference.inferred) == 60


async def test_the_guard_counts_what_has_not_moved() -> None:
    bench = await filled()
    files = bench.library.files
    names = [name for name in files if name.startswith(b"one/") and name.endswith(b".jpg")]
    for name in names[:10]:
        files[b"moved/" + name] = files.pop(name)
    for name in names[10:]:
        del files[name]
    job = await bench.job(sync=True)
    assert job.reason_code is ErrorCode.DELETE_GUARD
    assert "20 of 60" in (job.reason or "")
    assert job.progress.removed == 0


async def ingest(running: Running, folder: Path, **more: object) -> Any:
    response = await running.post("/ingest", {"directory_path": str(folder), **more})
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


@pytest.mark.parametrize("gone", ["emptied", "removed", "excluded entries are left"])
async def test_a_root_in_a_root_that_is_absent_keeps_its_pictures(
    tmp_path: Path, gone: str
) -> None:
    photos = tmp_path / "photos"
    disk = photos / "disk"
    for number in range(3):
        paint(photos / f"{number}.png", "red", side_px=30 + number)
        paint(disk / f"{number}.png", "blue", side_px=30 + number)
    async with orchestrator(tmp_path) as running:
        await ingest(running, disk)
        await ingest(running, photos)
        assert len((await running.get("/images"))["images"]) == 6  # none is there twice
        shutil.rmtree(disk)
        if gone != "removed":
            disk.mkdir()
        if gone.startswith("excluded"):
            (disk / "lost+found").mkdir()
        (photos / "0.png").unlink()
        job = await ingest(running, photos, **CONFIRMED)
        assert job["removed"] == 1
        assert str(disk) in job["reason"]
        assert len((await running.get("/images"))["images"]) == 5
        response = await running.http.delete(
            "/api/v1/collections/default/roots", params={"path": str(disk)}
        )
        assert response.json()["count"] == 2


async def test_a_missing_root_removes_nothing(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    paint(photos / "disk" / "a.png", "red")
    async with orchestrator(tmp_path) as running:
        await ingest(running, photos / "disk")
        (photos / "disk").rename(photos / "other")
        response = await running.post(
            "/ingest", {"directory_path": str(photos / "disk"), **CONFIRMED}
        )
        assert response.status_code == 404
        assert len((await running.get("/images"))["images"]) == 1
