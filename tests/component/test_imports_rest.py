"""A collection goes out and comes back: the same ids, the same answers, nothing inferred again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from tests.component.orchestrator_app import Running, check_problem, library, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def exported(running: Running, **asked: object) -> None:
    response = await running.post("/exports", {"name": "it", **asked})
    assert response.status_code == 202, response.text
    job = await running.ended(response.json()["job_id"])
    assert job["state"] == "completed", job


async def imported(running: Running, **asked: object) -> Any:
    response = await running.post("/imports", {"source": "it", **asked})
    assert response.status_code == 202, response.text
    job = await running.ended(response.json()["job_id"])
    report = await running.get(f"/jobs/{job['job_id']}/report")
    return {**job, "numbers": report["numbers"], "findings": report["findings"]}


async def seen(running: Running) -> Any:
    """What people see: pictures with all that is said of them, in their order, and searches.

    But for placeholders: those of restored pictures are made of their thumbnails, and come later.
    """
    listed = await running.get("/images?limit=100&sort=path&order=asc")
    found = [
        [(hit["id"], hit["score"]) for hit in reply["results"]]
        for query in ("red", "blue")
        for reply in [(await running.post("/search/text", {"query": query})).json()]
    ]
    facets = await running.get("/images/facets")
    services: AppState = running.app.state.services
    collection = await services.collections.get("default")
    ids = [UUID(one["id"]) for one in listed["images"]]
    added = await services.ports.ledger.browsing.added(collection.id, ids)
    images = [{**one, "placeholder": None} for one in listed["images"]]
    return images, found, facets, added


async def verified(running: Running) -> Any:
    accepted = (await running.post("/jobs", {"kind": "verify"})).json()
    job = await running.ended(accepted["job_id"])
    return (await running.get(f"/jobs/{job['job_id']}/report"))["findings"]


async def annotated(running: Running) -> None:
    first, second, *_ = (await running.get("/images?limit=3"))["images"]
    path = f"/api/v1/images/{first['id']}/annotation"
    await running.http.put(path, json={"rating": 5, "favourite": True, "tags": ["lake"]})
    path = f"/api/v1/images/{second['id']}/annotation"
    await running.http.put(path, json={"rating": -1})


def only_exports(data: Path) -> None:
    for entry in data.iterdir():
        if entry.name != "exports":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


async def test_a_collection_comes_back_as_it_was_though_all_data_was_lost(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        first = await running.ingested()
        await annotated(running)
        before = await seen(running)
        await exported(running, thumbnails=True)
    only_exports(tmp_path / "data")
    async with orchestrator(tmp_path) as running:
        job = await imported(running)
        assert (job["state"], job["reason_code"], job["findings"]) == ("completed", None, [])
        assert job["numbers"] == {
            "images": 13,
            "restored": 13,
            "unchanged": 0,
            "kept": 0,
            "forgotten": 0,
        }
        assert await seen(running) == before
        assert await verified(running) == []
        again = await running.ingested()
        assert running.service.images == 0, "nothing is inferred"
        assert again["counts"]["unchanged"] == 13
        assert again["counts"]["failed"] == first["counts"]["failed"]
        assert await seen(running) == before
        twice = await imported(running)
        assert twice["numbers"]["unchanged"] == 13
        assert await verified(running) == []
        assert (await running.get("/collections/default"))["count"] == 13


async def test_another_machine_has_the_photographs_elsewhere(tmp_path: Path) -> None:
    """Copied files have other times: they are read, and one whose date differs gets a thumbnail,
    too, but nothing is inferred.
    """
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running, thumbnails=False)
    other = tmp_path / "other"
    elsewhere = other / "photos" / "moved"
    shutil.copytree(tmp_path / "photos", elsewhere)
    (elsewhere / "blue" / "1.png").unlink()
    os.utime(elsewhere / "blue" / "2.png", (1_000_000_000, 1_000_000_000))
    backup = other / "photos" / "backup"
    shutil.copytree(tmp_path / "data" / "exports" / "it", backup)
    async with orchestrator(other) as running:
        outside = await running.post("/imports", {"source": str(backup)})
        check_problem(outside, 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        roots = {str(tmp_path / "photos"): str(elsewhere)}
        job = await imported(running, source=str(backup), roots=roots)
        assert job["numbers"]["restored"] == 13
        (absent,) = job["findings"]
        assert (absent["finding"], absent["count"]) == ("file_absent", 1)
        assert absent["examples"][0]["path"] == str(elsewhere / "blue" / "1.png")
        listed = (await running.get("/images?limit=100"))["images"]
        assert all(one["path"].startswith(str(elsewhere)) for one in listed)
        response = await running.post("/ingest/", {"directory_path": str(elsewhere)})
        again = await running.ended(response.json()["job_id"])
        assert running.service.images == 0
        assert (again["counts"]["unchanged"], again["counts"]["cached"]) == (11, 1)
        assert (await running.get("/collections/default"))["roots"] == [str(elsewhere)]


async def test_what_the_library_knows_better_stays(tmp_path: Path) -> None:
    """A file that has changed since, one that was forgotten, and what people said meanwhile."""
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await annotated(running)
        await exported(running)
        images = (await running.get("/images?limit=100"))["images"]
        paint(running.photos / "red" / "0.png", "yellow")
        await running.ingested()
        gone = next(one for one in images if one["path"].endswith("green/2.png"))
        await running.http.delete(f"/api/v1/images/{gone['id']}")
        path = f"/api/v1/images/{images[0]['id']}/annotation"
        await running.http.put(path, json={"rating": 2})
        before = await seen(running)
        job = await imported(running)
        assert await seen(running) == before
        assert await verified(running) == []
    assert job["numbers"] == {
        "images": 13,
        "restored": 0,
        "unchanged": 11,
        "kept": 1,
        "forgotten": 1,
    }


async def test_a_second_library_has_ids_of_its_own(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running)
        job = await imported(running, collection="copy")
        assert job["numbers"]["restored"] == 13
        first = await running.get("/images?limit=100")
        second = await running.get("/images?limit=100&collection=copy")
        assert {one["path"] for one in first["images"]} == {one["path"] for one in second["images"]}
        assert not {one["id"] for one in first["images"]} & {one["id"] for one in second["images"]}
        asked = {"kind": "verify", "collection": "copy"}
        check = await running.ended((await running.post("/jobs", asked)).json()["job_id"])
        report = await running.get(f"/jobs/{check['job_id']}/report")
        assert report["findings"] == []


async def test_what_cannot_be_imported_is_said_at_once(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running)
        await exported(running, name="bare", vectors=False)
        told = running.service.told
        clip = told.clip.model_copy(update={"fingerprint": "another", "model": "other"})
        running.service.told = told.model_copy(update={"clip": clip})
        await running.post("/collections", {"name": "other"})
    async with orchestrator(tmp_path, service=running.service) as running:
        await running.ingested(collection="other")
        for asked, status, code in (
            ({"source": "none"}, 404, ErrorCode.EXPORT_NOT_FOUND),
            ({"source": "bare"}, 422, ErrorCode.EXPORT_INVALID),
            ({"source": "it", "collection": "other"}, 409, ErrorCode.MODEL_MISMATCH),
            ({"source": "/etc"}, 403, ErrorCode.DIRECTORY_NOT_ALLOWED),
            ({"source": "a/b"}, 400, ErrorCode.VALIDATION),
            ({"source": str(running.photos)}, 404, ErrorCode.EXPORT_NOT_FOUND),
            ({"source": "it", "roots": {"/none": str(running.photos)}}, 400, ErrorCode.VALIDATION),
            (
                {"source": "it", "roots": {str(running.photos): "/etc"}},
                403,
                ErrorCode.DIRECTORY_NOT_ALLOWED,
            ),
            ({"source": "it", "collection": "no name"}, 400, ErrorCode.VALIDATION),
        ):
            check_problem(await running.post("/imports", asked), status, code)
        generic = {"kind": "import", "options": {"source": "none"}}
        job = await running.ended((await running.post("/jobs", generic)).json()["job_id"])
    assert (job["state"], job["reason_code"]) == ("failed", ErrorCode.EXPORT_NOT_FOUND)
