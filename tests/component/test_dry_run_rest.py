"""A dry run tells what the import then does, and changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import (
    FakeService,
    Running,
    check_problem,
    orchestrator,
    paint,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
OUTCOMES = ("found", "unchanged", "cached", "embedded", "failed", "skipped")
OF_JOBS = {"jobs", "job_counts", "sqlite_sequence"}
OF_UPKEEP = {"collections", "generations", "calibrations"}


def mixed(photos: Path) -> None:
    """Files of every kind of which the import's verdict shows before they are decoded."""
    for number in range(8):
        paint(photos / "2024" / f"{number}.png", "red", side_px=20 + number)
    for number in range(3):
        paint(photos / "2023" / f"{number}.png", "blue", side_px=60 + number)
    shutil.copy(photos / "2024" / "0.png", photos / "2023" / "copy.png")
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.jpg").write_text("not an image at all")
    (photos / "notes.txt").write_text("no image by name or content")
    (photos / "side.xmp").write_text("<x/>")


async def dry(running: Running, **more: object) -> tuple[Any, Any]:
    """The job and its report."""
    job = await running.ingested(dry_run=True, **more)
    assert job["kind"] == "dry_run"
    report = await running.get(f"/jobs/{job['job_id']}/report")
    numbers = report["numbers"]
    assert numbers["found"] == sum(numbers[one] for one in OUTCOMES[1:])
    assert numbers["to_open"] == sum(numbers[one] for one in ("new", "changed", "opened_again"))
    return job, report


def same(numbers: dict[str, int], job: Any) -> bool:
    return all(numbers[one] == job["counts"][one] for one in OUTCOMES)


async def test_the_import_then_comes_to_the_same_counts(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        mixed(running.photos)
        _, report = await dry(running)
        numbers = report["numbers"]
        assert (numbers["new"], numbers["cached"], numbers["embedded"]) == (16, 1, 11)
        first = await running.ingested()
        assert same(numbers, first)

        old = running.photos / "2024"
        paint(old / "0.png", "green", side_px=99)  # another content
        os.utime(old / "1.png", ns=(10**18, 10**18))  # the same one
        shutil.copy(old / "2.png", old / "again.png")
        paint(old / "new.png", "green", side_px=98)
        for name in ("3.png", "4.png"):
            (old / name).unlink()
        images = (await running.get("/images?limit=100"))["images"]
        gone = next(one["id"] for one in images if one["path"].endswith("2023/1.png"))
        await running.http.delete(f"/api/v1/images/{gone}")
        shutil.copy(running.photos / "2023" / "1.png", old / "forgotten.png")

        job, report = await dry(running, sync=True)
        numbers = report["numbers"]
        told = {one["finding"]: one["count"] for one in report["findings"]}
        assert (numbers["new"], numbers["changed"], numbers["missing"]) == (3, 2, 2)
        assert told["missing"] == 2
        assert told["skipped: ERR_IMAGE_FORGOTTEN"] == 2
        assert told["failed: ERR_FILE_EMPTY"] == 1
        paths = {one["finding"]: one["examples"] for one in report["findings"]}
        assert {one["path"] for one in paths["changed"]} == {str(old / "0.png"), str(old / "1.png")}
        assert job["done"] == job["total"] == numbers["found"]
        imported = await running.ingested(sync=True)
        assert same(numbers, imported)
        assert imported["removed"] == numbers["missing"]


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger holds, but of jobs and of what the upkeep of collections writes."""
    db = sqlite3.connect(f"file:{folder / 'data' / 'ledger.sqlite'}?mode=ro", uri=True)
    with closing(db):
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return {
            name: db.execute(f"SELECT * FROM {name}").fetchall()  # its own names
            for (name,) in db.execute(tables).fetchall()
            if name not in OF_JOBS | OF_UPKEEP
        }


async def test_nothing_but_the_job_is_written(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        mixed(running.photos)
        await running.ingested()
        (running.photos / "2024" / "0.png").unlink()
        shutil.rmtree(running.photos / "2023")
        paint(running.photos / "new" / "1.png", "green", side_px=90)
        before = contents(tmp_path)
        assert {"files", "artefacts", "roots", "devices", "intents", "job_items"} <= set(before)
        await dry(running, sync=True, force=True)
        assert contents(tmp_path) == before
        assert (await running.get("/collections/default"))["count"] == 12


async def test_a_collection_that_is_new_is_not_made(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        mixed(running.photos)
        job, report = await dry(running)
        assert (await running.get("/collections"))["collections"] == []
        (listed,) = (await running.get("/jobs"))["jobs"]
        assert (listed["job_id"], listed["collection"]) == (job["job_id"], "default")
        failures = await running.http.get(f"/api/v1/jobs/{job['job_id']}/failures")
        assert failures.status_code == 200, failures.text
    async with orchestrator(tmp_path) as running:  # it is still there after a restart
        assert (await running.get(f"/jobs/{job['job_id']}/report")) == report
        assert same(report["numbers"], await running.ingested())


async def test_single_files_and_several_folders_are_told_of_too(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        mixed(running.photos)
        asked = [str(running.photos / name) for name in ("2023", "2024/0.png", "empty.jpg")]
        started = await running.post("/ingest", {"paths": asked, "dry_run": True})
        job = await running.ended(started.json()["job_id"])
        numbers = (await running.get(f"/jobs/{job['job_id']}/report"))["numbers"]
        started = await running.post("/jobs", {"kind": "ingest", "options": {"paths": asked}})
        assert same(numbers, await running.ended(started.json()["job_id"]))
        assert numbers["found"] == 6


async def test_a_removal_that_would_stop_is_told(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for number in range(30):
            paint(running.photos / f"{number}.png", "red", side_px=20 + number)
        await running.ingested()
        for number in range(15):
            (running.photos / f"{number}.png").unlink()
        job, report = await dry(running, sync=True)
        assert report["numbers"]["missing"] == 15
        assert any("15 of 30 images" in warning for warning in job["warnings"])
        job, report = await dry(running, sync=True, confirm_deletes=True)
        assert not any("would stop" in warning for warning in job["warnings"])


async def test_it_says_how_long_and_how_much_or_that_it_cannot(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for number in range(120):
            paint(running.photos / "old" / f"{number}.png", "red", side_px=20 + number)
        job, report = await dry(running)
        assert report["figures"] == {}
        assert any("cannot be told" in warning for warning in job["warnings"])
        assert report["numbers"]["bytes_needed"] > 120 * 20_000
        imported = await running.ingested()
        for number in range(60):
            paint(running.photos / "new" / f"{number}.png", "blue", side_px=20 + number)
        job, report = await dry(running)
        low_s, high_s = report["figures"]["seconds_low"], report["figures"]["seconds_high"]
        # As the ledger has it: the end's own time counts, too, and is long on a busy machine.
        imported = await running.get(f"/ingest/status/{imported['job_id']}")
        each_s = imported["rate_average_images_per_s"] ** -1
        assert low_s - 0.1 <= 60 * each_s <= high_s + 0.1  # both are rounded
        assert not job["warnings"]
        numbers = report["numbers"]
        assert numbers["bytes_needed"] == 60 * numbers["bytes_a_point"] > 0
        assert numbers["bytes_free"] > 0
        events = {line["event"]: line["detail"] for line in job["log"]}
        assert events["space_estimated"] == "measured here"
        assert events["time_estimated"] == "from the latest imports into this collection"


async def test_too_little_space_is_told_and_not_refused(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, min_free_bytes=2**60) as running:
        paint(running.photos / "1.png", "red")
        job, _ = await dry(running)
        assert job["state"] == "completed"
        assert any("stay free" in warning for warning in job["warnings"])
        asked = {"directory_path": str(running.photos)}
        check_problem(await running.post("/ingest", asked), 507, ErrorCode.DISK_FULL)


async def test_it_waits_for_no_import_and_outlives_a_pause_and_a_restart(tmp_path: Path) -> None:
    service = FakeService(down=True)
    async with orchestrator(tmp_path, service=service) as running:
        mixed(running.photos)
        asked = {"directory_path": str(running.photos)}
        importing = (await running.post("/ingest", asked)).json()["job_id"]
        assert (await running.post(f"/jobs/{importing}/pause", {})).is_success
        dry_id = (await running.post("/ingest", {**asked, "dry_run": True})).json()["job_id"]
        paused = await running.post(f"/jobs/{dry_id}/pause", {})
        assert paused.json()["state"] == "paused"
        assert (await running.post(f"/jobs/{dry_id}/resume", {})).is_success
    async with orchestrator(tmp_path) as running:
        job = await running.ended(dry_id)
        assert job["state"] == "completed"
        numbers = (await running.get(f"/jobs/{dry_id}/report"))["numbers"]
        assert (await running.post(f"/jobs/{importing}/resume", {})).is_success
        assert same(numbers, await running.ended(importing))


async def test_what_cannot_be_imported_is_refused_as_by_an_import(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        asked = {"directory_path": str(tmp_path), "dry_run": True}
        check_problem(await running.post("/ingest", asked), 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        for watch in (True, False):
            asked = {"directory_path": str(running.photos), "dry_run": True, "watch": watch}
            check_problem(await running.post("/ingest", asked), 400, ErrorCode.VALIDATION)
        options = {"directory_path": str(running.photos)}
        started = await running.post("/jobs", {"kind": "dry_run", "options": options})
        job = await running.ended(started.json()["job_id"])
        assert (job["kind"], job["state"], job["directory_path"]) == (
            "dry_run",
            "completed",
            str(running.photos),
        )
