"""Bad requests to the orchestrator: a problem with its code, and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import check_problem, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/ingest", {"directory_path": "/etc"}, 403, ErrorCode.DIRECTORY_NOT_ALLOWED),
        ("/ingest", {"directory_path": "{photos}/../.."}, 403, ErrorCode.DIRECTORY_NOT_ALLOWED),
        ("/ingest", {"directory_path": "{photos}/none"}, 404, ErrorCode.DIRECTORY_NOT_FOUND),
        ("/ingest", {"directory_path": "{photos}/notes.txt"}, 404, ErrorCode.DIRECTORY_NOT_FOUND),
        ("/ingest", {"directory_path": "{photos}/a\0b"}, 404, ErrorCode.DIRECTORY_NOT_FOUND),
        ("/ingest", {"directory_path": ""}, 400, ErrorCode.VALIDATION),
        ("/ingest", {}, 400, ErrorCode.VALIDATION),
        ("/ingest", {"directory_path": "{photos}", "typo": 1}, 400, ErrorCode.VALIDATION),
        (
            "/ingest",
            {"directory_path": "{photos}", "collection": "nope"},
            404,
            ErrorCode.COLLECTION_NOT_FOUND,
        ),
        ("/collections", {"name": "../x"}, 400, ErrorCode.VALIDATION),
        ("/search/text", {"query": ""}, 400, ErrorCode.VALIDATION),
        ("/search/text", {"query": "x", "limit": 10**9}, 400, ErrorCode.VALIDATION),
        ("/search/text", {"query": "x", "collection": "nope"}, 404, ErrorCode.COLLECTION_NOT_FOUND),
        (
            "/search/text",
            {"query": "x", "collection": "a' OR 1=1"},
            404,
            ErrorCode.COLLECTION_NOT_FOUND,
        ),
    ],
)
async def test_bad_requests_are_problems_and_change_nothing(
    tmp_path: Path, path: str, body: dict[str, object], status: int, code: ErrorCode
) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        sent = {
            key: value.replace("{photos}", str(running.photos)) if isinstance(value, str) else value
            for key, value in body.items()
        }
        check_problem(await running.post(path, sent), status, code)
        assert (await running.get("/jobs"))["jobs"] == []
        assert (await running.get("/collections"))["collections"] == []


async def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        nobody = "00000000-0000-4000-8000-000000000000"
        await running.post("/collections", {"name": "default"})
        for path, code in (
            ("/jobs/none", ErrorCode.JOB_NOT_FOUND),
            ("/ingest/status/none", ErrorCode.JOB_NOT_FOUND),
            ("/jobs/none/failures", ErrorCode.JOB_NOT_FOUND),
            ("/collections/none", ErrorCode.COLLECTION_NOT_FOUND),
            (f"/images/{nobody}", ErrorCode.IMAGE_NOT_FOUND),
            (f"/images/{nobody}/thumbnail", ErrorCode.IMAGE_NOT_FOUND),
            (f"/images/{nobody}/similar", ErrorCode.IMAGE_NOT_FOUND),
        ):
            check_problem(await running.http.get("/api/v1" + path), 404, code)
        json = {"Content-Type": "application/json"}
        malformed = await running.http.post("/api/v1/ingest", content=b"{", headers=json)
        check_problem(malformed, 400, ErrorCode.VALIDATION)


async def test_too_little_disk_space_is_said_before_the_job_starts(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, min_free_bytes=10**18) as running:
        response = await running.post("/ingest", {"directory_path": str(running.photos)})
        check_problem(response, 507, ErrorCode.DISK_FULL)
        assert (await running.get("/jobs"))["jobs"] == []


async def test_a_key_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key="secret") as running:
        refused = await running.http.get("/api/v1/jobs")
        check_problem(refused, 401, ErrorCode.UNAUTHORIZED)
        allowed = await running.http.get("/api/v1/jobs", headers={"X-API-Key": "secret"})
        assert allowed.status_code == 200
        assert (await running.http.get("/health/live")).status_code == 200
