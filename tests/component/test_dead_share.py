"""A root whose file system does not answer any more: everything else goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, fail_after, sleep

from ingestion_orchestration_fastapi_app.library.pictures import originals, thumbnails
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.test_thumbnails_made_anew import NoPictures
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

IMAGES = 12
PATIENCE_S = 120


class Share:
    """What opens a path in it hangs while it is dead."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.is_dead = False
        self.hanging = 0
        self._back = threading.Event()
        self._really = os.open
        monkeypatch.setattr(os, "open", self._open)

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if self.is_dead and path == self.folder.name.encode():
            self.hanging += 1
            self._back.wait(PATIENCE_S)
        return self._really(path, flags, mode, **more)

    def come_back(self) -> None:
        self.is_dead = False
        self._back.set()


@asynccontextmanager
async def beside_a_share(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> AsyncIterator[tuple[Running, Share]]:
    """Two roots, each imported into a collection of its name: `share`, and `photos`."""
    share = Share(folder / "share", monkeypatch)
    for number in range(IMAGES):
        paint(share.folder / f"{number}.png", "red", side_px=60 + number)
        paint(folder / "photos" / f"{number}.png", "blue", side_px=60 + number)
    roots = (folder / "photos", share.folder)
    async with orchestrator(folder, ingest_roots=roots, **settings) as running:
        for root in roots:
            await running.post("/collections", {"name": root.name})
            job = await running.ingested(directory_path=str(root), collection=root.name)
            assert job["counts"]["embedded"] == IMAGES
        try:
            yield running, share
        finally:
            share.come_back()


async def until_hanging(share: Share, calls: int = 1) -> None:
    with fail_after(PATIENCE_S):
        while share.hanging < calls:
            await sleep(0.01)


async def started(running: Running, share: Share) -> str:
    body = {"directory_path": str(share.folder), "collection": "share", "force": True}
    response = await running.post("/ingest", body)
    assert response.status_code == 202, response.text
    return str(response.json()["job_id"])


async def test_imports_and_searches_and_thumbnails_of_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_a_share(tmp_path, monkeypatch, hash_workers=1) as (running, share):
        images = (await running.get("/images?collection=share"))["images"]
        job_id = await started(running, share)
        share.is_dead = True
        await until_hanging(share)
        async with create_task_group() as tg:
            for image in images:  # more than the root has threads
                tg.start_soon(running.http.get, image["file_url"])
            await until_hanging(share, 2)
            with fail_after(PATIENCE_S):
                job = await running.ingested(collection="photos", force=True)
                assert (job["state"], job["counts"]["found"]) == ("completed", IMAGES)
                found = await running.post("/search/text", {"query": "red", "collection": "share"})
                assert len(found.json()["results"]) == IMAGES
                for one in (await running.get("/images?collection=photos"))["images"]:
                    for url in (one["thumbnail_url"], one["file_url"]):
                        assert (await running.http.get(url)).status_code == 200
            share.come_back()
        assert (await running.ended(job_id))["state"] == "completed"


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("cancel", "cancelled")])
async def test_a_job_that_hangs_can_be_stopped_without_waiting_for_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, state: str
) -> None:
    async with beside_a_share(tmp_path, monkeypatch) as (running, share):
        share.is_dead = True
        job_id = await started(running, share)
        await until_hanging(share)
        with fail_after(PATIENCE_S / 2):
            response = await running.post(f"/jobs/{job_id}/{verb}", {})
        assert (response.status_code, response.json()["state"]) == (200, state)
        share.come_back()
        if verb == "pause":
            await running.post(f"/jobs/{job_id}/resume", {})
            assert (await running.ended(job_id))["counts"]["found"] == IMAGES


async def test_pictures_of_a_dead_share_are_answered_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_a_share(tmp_path, monkeypatch) as (running, share):
        services = running.app.state.services
        monkeypatch.setattr(services.thumbnails, "_cache", NoPictures())
        (image, *_) = (await running.get("/images?collection=share"))["images"]
        share.is_dead = True
        with monkeypatch.context() as soon:
            soon.setattr(thumbnails, "MAKE_LIMIT_S", 0.2)
            soon.setattr(originals, "OPEN_LIMIT_S", 0.2)
            for url in (image["thumbnail_url"], image["file_url"]):
                response = await running.http.get(url)
                check_problem(response, 503, ErrorCode.PICTURE_UNAVAILABLE)
                assert response.headers["Retry-After"]
        share.come_back()
        for url in (image["thumbnail_url"], image["file_url"]):
            assert (await running.http.get(url)).status_code == 200
