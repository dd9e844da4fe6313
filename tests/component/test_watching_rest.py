"""Over REST a folder is watched, said to be, and let go, by the real service."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep
from anyio.lowlevel import checkpoint

from tests.component.orchestrator_app import (
    Running,
    check_problem,
    orchestrator,
    paint,
)
from utils.contract import ErrorCode

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from tests.component.inotify_limits import refuse  # Linux alone

pytestmark = pytest.mark.anyio

PATIENCE_S = 120


async def count(running: Running, wanted: int) -> None:
    with fail_after(PATIENCE_S):
        while (await running.get("/collections/default"))["count"] != wanted:
            await sleep(0.02)


async def watches(running: Running, mode: str) -> Any:
    with fail_after(PATIENCE_S):
        while True:
            found = (await running.get("/collections/default"))["watches"]
            if found and found[0]["mode"] == mode and found[0]["detail"] != FIRST:
                return found
            await sleep(0.02)


FIRST = "it is being looked at for the first time"
QUICK: Any = {"watch_debounce_s": 0.2}


async def test_a_watched_folder_over_rest_and_a_restart(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(3):
        paint(photos / "a" / f"{number}.png", "red", side_px=30 + number)
    async with orchestrator(tmp_path, **QUICK) as running:
        first = await running.ingested(watch=True)
        assert first["origin"] == "request"
        told = {"directory_path": str(photos), "recursive": True, "mode": "events"}
        told |= {"detail": None, "warning": None}
        assert await watches(running, "events") == [told]
        paint(photos / "b" / "new.png", "blue")
        await count(running, 4)
        (photos / "a" / "0.png").unlink()
        await count(running, 3)
        jobs = (await running.get("/jobs"))["jobs"]
        assert {job["origin"] for job in jobs[:-1]} == {"watch"}
    (photos / "a" / "1.png").unlink()
    async with orchestrator(tmp_path, **QUICK) as running:
        await count(running, 2)
        assert await watches(running, "events") == [told]
        await running.ingested()  # says nothing of watching
        assert await watches(running, "events") == [told]
        await running.ingested(watch=False)
        assert (await running.get("/collections/default"))["watches"] == []
        await running.ingested(watch=True)
        shutil.rmtree(photos)
        body = {"directory_path": str(photos), "watch": False}
        check_problem(await running.post("/ingest", body), 404, ErrorCode.DIRECTORY_NOT_FOUND)
        assert (await running.get("/collections/default"))["watches"] == []


async def test_a_watch_ends_by_one_call_that_imports_nothing(tmp_path: Path) -> None:
    photos, gone = tmp_path / "photos", tmp_path / "photos" / "gone"
    paint(gone / "0.png", "red")
    async with orchestrator(tmp_path, **QUICK) as running:
        for folder in (photos, gone):
            body = {"directory_path": str(folder), "watch": True}
            await running.ended((await running.post("/ingest", body)).json()["job_id"])
        shutil.rmtree(gone)
        url = "/api/v1/collections/default/watches"
        ended = await running.http.delete(url, params={"path": str(gone)})
        left = (await running.get("/collections/default"))["watches"]
        again = await running.http.delete(url, params={"path": str(gone)})
        none = await running.http.delete(f"{url}?path={photos}".replace("default", "none"))
        unnamed = await running.http.delete(url)
        jobs = (await running.get("/jobs"))["jobs"]
    assert [job["origin"] for job in jobs].count("request") == 2
    assert (ended.status_code, [one["directory_path"] for one in left]) == (204, [str(photos)])
    check_problem(again, 404, ErrorCode.FOLDER_NOT_FOUND)
    check_problem(none, 404, ErrorCode.COLLECTION_NOT_FOUND)
    check_problem(unnamed, 400, ErrorCode.VALIDATION)


async def test_a_deleted_collection_is_watched_no_more(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, **QUICK) as running:
        paint(tmp_path / "photos" / "1.png", "red")
        os.utime(tmp_path / "photos" / "1.png", (1e9, 1e9))  # it rests: nothing is left to do
        await running.ingested(watch=True)
        await watches(running, "events")
        assert (await running.http.delete("/api/v1/collections/default")).status_code == 204
        paint(tmp_path / "photos" / "2.png", "red")
        await checkpoint()
        assert (await running.get("/jobs"))["jobs"] == []


async def test_without_inotify_the_collection_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, after=0)
    async with orchestrator(tmp_path, watch_rescan_s=0.5, **QUICK) as running:
        paint(tmp_path / "photos" / "1.png", "red")
        await running.ingested(watch=True)
        assert "max_user_watches" in (await watches(running, "rescan"))[0]["detail"]
        paint(tmp_path / "photos" / "2.png", "blue")
        await count(running, 2)


async def test_a_folder_that_may_not_be_imported_any_more_is_not_watched(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, **QUICK) as running:
        paint(tmp_path / "photos" / "1.png", "red")
        await running.ingested(watch=True)
    paint(tmp_path / "photos" / "2.png", "blue")
    async with orchestrator(tmp_path, ingest_roots=(tmp_path / "other",), **QUICK) as running:
        told = (await watches(running, "rescan"))[0]
        assert "INGEST_ROOTS" in told["detail"]
        assert len((await running.get("/jobs"))["jobs"]) <= 2  # the import, and a second look
        assert (await running.get("/collections/default"))["count"] == 0  # nor is it shown
