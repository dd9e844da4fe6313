"""Lists of jobs over REST: by state as it is shown, by collection, in pages that say how many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import (
    PATIENCE_S,
    Running,
    check_problem,
    orchestrator,
    paint,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def ids(running: Running, query: str) -> list[str]:
    return [job["job_id"] for job in (await running.get(f"/jobs?{query}"))["jobs"]]


async def started(running: Running, kind: str, **options: Any) -> str:
    response = await running.post("/jobs", {"kind": kind, "options": options})
    assert response.status_code == 202, response.text
    return str(response.json()["job_id"])


async def until_it_waits(running: Running, job_id: str) -> None:
    with fail_after(PATIENCE_S):
        while (await running.get(f"/jobs/{job_id}"))["state"] != "waiting_for_ml":
            await sleep(0.01)


async def test_jobs_are_listed_by_the_state_that_they_show(tmp_path: Path) -> None:
    """A job that waits is `running` in the ledger: what people see counts."""
    paint(tmp_path / "photos" / "red.png", "red")
    folder = str(tmp_path / "photos")
    async with orchestrator(tmp_path) as running:
        done = await started(running, "ingest", directory_path=folder)
        await running.ended(done)
        cancelled = await started(running, "ingest", directory_path=folder)
        await running.post(f"/jobs/{cancelled}/cancel", None)
        await running.ended(cancelled)
        running.service.down = True
        paint(tmp_path / "photos" / "blue.png", "blue")
        waits = await started(running, "ingest", directory_path=folder)
        await until_it_waits(running, waits)
        behind = await started(running, "ingest", directory_path=folder)
        assert await ids(running, "state=waiting_for_ml") == [waits]
        assert await ids(running, "state=running") == []
        assert await ids(running, "state=queued&state=waiting_for_ml") == [behind, waits]
        ended = {job["job_id"]: job["state"] for job in (await running.get("/jobs"))["jobs"]}
        for state in ("completed", "cancelled"):
            expected = [job_id for job_id, shown in ended.items() if shown == state]
            assert await ids(running, f"state={state}") == expected
        refused = await running.http.get("/api/v1/jobs?state=cooking")
        check_problem(refused, 400, ErrorCode.VALIDATION)


async def test_jobs_are_listed_by_collection_in_pages_that_say_how_many(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "red.png", "red")
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "cats"})
        of_cats = [(await running.ingested(collection="cats"))["job_id"] for _ in range(3)]
        await running.ingested()
        first = await running.get("/jobs?collection=cats&limit=2")
        assert [job["job_id"] for job in first["jobs"]] == of_cats[:0:-1]
        assert (first["total"], first["next_offset"]) == (3, 2)
        last = await running.get("/jobs?collection=cats&limit=2&offset=2")
        assert [job["job_id"] for job in last["jobs"]] == of_cats[:1]
        assert (last["total"], last["next_offset"]) == (3, None)
        assert (await running.get("/jobs"))["total"] == 4
        none = await running.get("/jobs?collection=cats&state=failed")
        assert (none["jobs"], none["total"], none["next_offset"]) == ([], 0, None)
        unknown = await running.http.get("/api/v1/jobs?collection=nobody")
        check_problem(unknown, 404, ErrorCode.COLLECTION_NOT_FOUND)
