"""A process that may open no more files blames no file and no folder for that."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.adapters.local_files import no_links
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import file_walk
from ingestion_orchestration_fastapi_app.jobs import context
from tests.component.orchestrator_app import PATIENCE_S, check_problem, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


class Scarce:
    """In the place of `os` in a module: opens nothing while it lacks."""

    def __init__(self) -> None:
        self.lacks = False
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, *args: Any, **more: Any) -> int:
        if self.lacks:
            self.refused += 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return os.open(*args, **more)


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> Scarce:
    made = Scarce()
    monkeypatch.setattr(no_links, "os", made)
    monkeypatch.setattr(context, "RETRY_STORAGE_S", 0.05)
    monkeypatch.setattr(file_walk, "_BETWEEN_TRIES_S", 0.01)
    return made


async def test_an_import_waits_for_descriptors_and_then_goes_on(
    tmp_path: Path, scarce: Scarce
) -> None:
    async with orchestrator(tmp_path) as running:
        for number in range(20):
            paint(running.photos / f"{number}.png", "red", side_px=60 + number)
        asked = {"directory_path": str(running.photos)}
        job_id = (await running.post("/ingest", asked)).json()["job_id"]
        scarce.lacks = True
        with fail_after(PATIENCE_S):
            while scarce.refused < 3:
                await sleep(0.01)
        scarce.lacks = False
        job = await running.ended(job_id)
        assert (job["state"], job["reason"]) == ("completed", None)
        counts = job["counts"]
        assert (counts["found"], counts["failed"], counts["skipped"]) == (20, 0, 0)
        assert counts["embedded"] + counts["cached"] == 20


async def test_a_job_that_never_gets_one_says_what_lacks(tmp_path: Path, scarce: Scarce) -> None:
    async with orchestrator(tmp_path) as running:
        paint(running.photos / "a.png", "red")
        await running.ingested()
        scarce.lacks = True
        asked = await running.post("/ingest", {"directory_path": str(running.photos)})
        check_problem(asked, 503, ErrorCode.OVERLOADED)
        image = (await running.get("/images"))["images"][0]
        check_problem(await running.http.get(image["file_url"]), 503, ErrorCode.OVERLOADED)
        scarce.lacks = False
        assert (await running.http.get(image["file_url"])).status_code == 200
