"""A mount in a scanned folder that hangs is passed over; its files are not seen, and never gone."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.adapters.local_files import (
    filesystem,
    local_file,
    mounts,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import Mount
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import same_folder
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.same_folder import SameFolders
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ingest.lookups import folder_scan
from ingestion_orchestration_fastapi_app.ingest.suspects import read_control
from ingestion_orchestration_fastapi_app.resources.root_threads import ANSWER_LIMIT_S
from tests.component.orchestrator_app import Running, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

IMAGES = 6
LIMIT_S = 1.0  # of what hangs; beside it a busy machine opens files
PATIENCE_S = 120


class DeadMount:
    """A folder that is in the table of mounts. What opens one of `hanging` waits for its return."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.hanging: frozenset[bytes] = frozenset()
        self._back = threading.Event()
        self._really_open, self._really_mounted = os.open, mounts.mount_table
        self._patch = monkeypatch
        monkeypatch.setattr(os, "open", self._open)
        for module in (mounts, same_folder):
            monkeypatch.setattr(module, "mount_table", self._mounted)
        for module, name in ((folder_scan, "RETRY_STALLED_S"), (read_control, "RETRY_S")):
            monkeypatch.setattr(module, name, 0.05)

    def _mounted(self) -> Iterator[Mount]:
        yield from self._really_mounted()
        yield Mount(b"0:99", b"/", os.fsencode(self.folder), b"nfs", b"server:/photos")

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if path in self.hanging:
            self._back.wait(PATIENCE_S)
        return self._really_open(path, flags, mode, **more)

    def die(self) -> None:
        self._hang(frozenset({os.fsencode(self.folder.name)}))

    def die_after_its_listing(self) -> None:
        self._hang(frozenset(map(os.fsencode, os.listdir(self.folder))))

    def _hang(self, names: frozenset[bytes]) -> None:
        self._back.clear()
        self.hanging = names
        self._wait_for(LIMIT_S)

    def come_back(self) -> None:
        self.hanging = frozenset()
        self._wait_for(ANSWER_LIMIT_S)
        self._back.set()

    def _wait_for(self, limit_s: float) -> None:
        for module in (filesystem, local_file):
            self._patch.setattr(module, "ANSWER_LIMIT_S", limit_s)


@asynccontextmanager
async def with_a_mount(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, DeadMount]]:
    """As many files of the folder that is imported as of the mount that lies in it."""
    mount = DeadMount(folder / "photos" / "share", monkeypatch)
    for number in range(IMAGES):
        paint(folder / "photos" / f"{number}.png", "red", side_px=60 + number)
        paint(mount.folder / f"far-{number}.png", "blue", side_px=60 + number)
    async with orchestrator(folder) as running:
        job = await running.ingested()
        assert job["counts"]["embedded"] == 2 * IMAGES
        try:
            yield running, mount
        finally:
            mount.come_back()


async def test_a_scan_passes_over_a_mount_that_hangs_and_nothing_of_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_a_mount(tmp_path, monkeypatch) as (running, mount):
        mount.die()
        (running.photos / "0.png").unlink()
        paint(running.photos / "new.png", "green")
        with fail_after(PATIENCE_S):
            job = await running.ingested(sync=True, confirm_deletes=True)
        assert (job["state"], job["removed"]) == ("completed", 1)
        assert (job["counts"]["found"], job["counts"]["embedded"]) == (IMAGES, 1)
        (warning,) = job["warnings"]
        assert str(mount.folder) in warning
        assert "does not answer" in warning
        assert len((await running.get("/images"))["images"]) == 2 * IMAGES
        mount.come_back()
        job = await running.ingested(sync=True)
        assert (job["counts"]["unchanged"], job["warnings"]) == (2 * IMAGES, [])


async def test_files_of_a_mount_that_hangs_fail_for_this_time_and_hold_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_a_mount(tmp_path, monkeypatch) as (running, mount):
        mount.die_after_its_listing()
        with fail_after(PATIENCE_S):
            job = await running.ingested(force=True)
        counts = job["counts"]
        assert (job["state"], counts["found"], counts["failed"]) == (
            "completed",
            2 * IMAGES,
            IMAGES,
        )
        assert job["errors_by_code"] == {ErrorCode.FILE_READ: IMAGES}
        mount.come_back()
        job = await running.ingested()
        assert (job["counts"]["failed"], job["counts"]["found"]) == (0, 2 * IMAGES)


@pytest.mark.parametrize("dies", [DeadMount.die, DeadMount.die_after_its_listing])
async def test_a_job_over_the_mount_itself_waits_and_says_for_which_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: Any
) -> None:
    async with with_a_mount(tmp_path, monkeypatch) as (running, mount):
        await running.post("/collections", {"name": "far"})
        far = {"directory_path": str(mount.folder), "collection": "far"}
        await running.ingested(**far)
        dies(mount)
        started = await running.http.post("/api/v1/ingest", json={**far, "force": True})
        job_id = started.json()["job_id"]
        with fail_after(PATIENCE_S):
            while (job := await running.get(f"/jobs/{job_id}"))["state"] != "paused":
                await sleep(0.01)
        assert "does not answer" in job["reason"]
        assert mount.folder.name in job["reason"]
        mount.come_back()
        job = await running.ended(job_id)
        assert (job["state"], job["counts"]["found"], job["counts"]["failed"]) == (
            "completed",
            IMAGES,
            0,
        )


def test_a_root_on_another_file_system_is_not_asked_whether_it_is_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount, photos = DeadMount(tmp_path / "share", monkeypatch), tmp_path / "photos"
    photos.mkdir()
    asked: list[Any] = []
    monkeypatch.setattr(same_folder, "_identity", asked.append)
    roots = [os.fsencode(photos), os.fsencode(mount.folder)]
    same = SameFolders(ExcludeRules())
    assert not same.is_met_elsewhere(roots[0], photos.stat(), roots, is_mounted=False)
    assert asked == roots[:1]
