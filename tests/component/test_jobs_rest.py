"""Jobs of any kind over REST: started, listed and reported alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def imported(running: Running) -> dict[str, Any]:
    asked = {"directory_path": str(running.photos), "recursive": True}
    response = await running.post("/jobs", {"kind": "ingest", "options": asked})
    assert response.status_code == 202, response.text
    job: dict[str, Any] = await running.ended(response.json()["job_id"])
    return job


async def test_jobs_of_two_kinds_are_started_listed_and_reported_alike(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        first = await imported(running)
        assert (first["kind"], first["counts"]["embedded"]) == ("ingest", 13)
        assert first["done"] == first["total"] == first["counts"]["found"]
        accepted = await running.post("/jobs", {"kind": "verify"})
        assert accepted.status_code == 202
        assert accepted.headers["location"] == accepted.json()["status_url"]
        check = await running.ended(accepted.json()["job_id"])
        assert (check["kind"], check["state"]) == ("verify", "completed")
        assert (check["directory_path"], check["counts"]["found"]) == ("", 0)
        assert check["done"] == check["total"] > 0
        report = await running.get(f"/jobs/{check['job_id']}/report")
        assert report["findings"] == []
        assert report["numbers"]["rows"] == report["numbers"]["ids"] == 13
        nothing = await running.get(f"/jobs/{first['job_id']}/report")
        assert (nothing["numbers"], nothing["findings"]) == ({}, [])
        listed = (await running.get("/jobs"))["jobs"]
        assert [job["kind"] for job in listed] == ["verify", "ingest"]
        for kind in ("verify", "ingest"):
            named = (await running.get(f"/jobs?kind={kind}"))["jobs"]
            assert [job["kind"] for job in named] == [kind]
        again = await running.post(f"/jobs/{check['job_id']}/retry-failed", None)
        check_problem(again, 409, ErrorCode.JOB_STATE)


async def test_what_no_job_can_be_made_of_is_refused_and_makes_none(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        folder = str(running.photos)
        for body, status, code in (
            ({"kind": "cook"}, 404, ErrorCode.JOB_KIND),
            ({"kind": "verify", "collection": "nobody"}, 404, ErrorCode.COLLECTION_NOT_FOUND),
            ({"kind": "verify", "options": {"mend": 1}}, 400, ErrorCode.VALIDATION),
            ({"kind": "verify", "options": {"cook": True}}, 400, ErrorCode.VALIDATION),
            ({"kind": "verify", "extra": True}, 400, ErrorCode.VALIDATION),
            ({"kind": "ingest"}, 400, ErrorCode.VALIDATION),
            (
                {"kind": "ingest", "options": {"directory_path": folder, "collection": "other"}},
                400,
                ErrorCode.VALIDATION,
            ),
            (
                {"kind": "ingest", "options": {"directory_path": "/nowhere"}},
                403,
                ErrorCode.DIRECTORY_NOT_ALLOWED,
            ),
        ):
            check_problem(await running.post("/jobs", body), status, code)
        wrong = await running.post("/jobs", {"kind": "verify", "options": {"mend": 1}})
        assert "options.mend" in wrong.json()["detail"]
        assert (await running.get("/jobs"))["jobs"] == []
