"""Roots of collections over REST: re-pointed, forgotten, known again without the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import (
    PATIENCE_S,
    Running,
    check_problem,
    library,
    orchestrator,
    paint,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def repoint(running: Running, old: Path, new: Path) -> Any:
    body = {"from": str(old), "to": str(new)}
    return await running.post("/collections/default/roots/repoint", body)


async def forget(running: Running, path: Path) -> Any:
    return await running.http.delete(
        "/api/v1/collections/default/roots", params={"path": str(path)}
    )


async def when_idle(call: Callable[[], Awaitable[Any]]) -> Any:
    """As a client asks again: the watch may be at work on what is gone."""
    with fail_after(PATIENCE_S):
        while (response := await call()).status_code == 409:
            await sleep(0.05)
    return response


async def ingest(running: Running, folder: Path, **more: object) -> Any:
    response = await running.post("/ingest", {"directory_path": str(folder), **more})
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


async def paths(running: Running) -> list[str]:
    return [image["path"] for image in (await running.get("/images?limit=500"))["images"]]


async def test_a_moved_root_is_repointed_and_nothing_is_inferred_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        old, new = running.photos, tmp_path / "moved" / "pictures"
        await running.ingested(watch=True)
        before = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        sent = running.service.images
        new.parent.mkdir()
        old.rename(new)
        response = await when_idle(lambda: repoint(running, old, new))
        assert response.status_code == 200, response.text
        assert response.json()["roots"] == [str(new)]
        assert [watch["directory_path"] for watch in response.json()["watches"]] == [str(new)]
        after = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert after == {path.replace(str(old), str(new)): one for path, one in before.items()}
        image_id = next(iter(after.values()))
        assert (await running.http.get(f"/api/v1/images/{image_id}/file")).status_code == 200
        job = await ingest(running, new, sync=True)
        assert (job["counts"]["unchanged"], job["removed"]) == (13, 0)
        assert running.service.images == sent
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,), service=running.service) as again:
        assert (await again.get("/collections/default"))["roots"] == [str(new)]
        assert len(await paths(again)) == 13


async def test_a_lost_ledger_changes_no_id_of_a_repointed_root(tmp_path: Path) -> None:
    library(tmp_path)
    given: dict[str, Any] = {"ingest_roots": (tmp_path,)}
    async with orchestrator(tmp_path, **given) as running:
        await running.ingested()
        new = tmp_path / "moved"
        running.photos.rename(new)
        assert (await repoint(running, running.photos, new)).status_code == 200
        paint(running.photos / "late.png", "red", side_px=77)  # its first folder is used again
        await ingest(running, running.photos)
        before = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert len(before) == len(set(before.values())) == 14
        sent = running.service.images
    for lost in (tmp_path / "data").glob("ledger.sqlite*"):
        lost.unlink()
    async with orchestrator(tmp_path, service=running.service, **given) as running:
        for folder in (running.photos, new):
            job = await ingest(running, folder, sync=True)
            assert job["state"] == "completed"
            assert job["counts"]["embedded"] == 0
        after = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert after == before
        assert running.service.images == sent
        roots = (await running.get("/collections/default"))["roots"]
        assert roots == [str(new), str(running.photos)]


async def test_a_forgotten_root_takes_its_pictures_and_watches_and_no_others(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        kept, gone = running.photos, tmp_path / "gone"
        for number in range(3):
            paint(kept / f"{number}.png", "red", side_px=40 + number)
            paint(gone / f"{number}.png", "blue", side_px=40 + number)
        await running.ingested()
        await ingest(running, gone, watch=True)
        shutil.rmtree(gone)
        response = await when_idle(lambda: forget(running, gone))
        assert response.status_code == 200, response.text
        reply = response.json()
        assert (reply["count"], reply["roots"], reply["watches"]) == (3, [str(kept)], [])
        assert await paths(running) == [str(kept / f"{number}.png") for number in range(3)]
        check_problem(await forget(running, gone), 404, ErrorCode.ROOT_NOT_FOUND)
        paint(gone / "0.png", "blue", side_px=40)
        assert (await ingest(running, gone))["counts"]["cached"] == 1


async def test_what_cannot_be_repointed_or_forgotten_is_said_and_changes_nothing(
    tmp_path: Path,
) -> None:
    library(tmp_path)
    allowed, outside = tmp_path / "photos", tmp_path / "outside"
    outside.mkdir()
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        before = await running.get("/collections/default")
        inner = allowed / "red"
        check_problem(
            await repoint(running, allowed, outside), 403, ErrorCode.DIRECTORY_NOT_ALLOWED
        )
        check_problem(
            await repoint(running, allowed, allowed / "none"), 404, ErrorCode.DIRECTORY_NOT_FOUND
        )
        check_problem(await repoint(running, inner, allowed), 404, ErrorCode.ROOT_NOT_FOUND)
        check_problem(await forget(running, inner), 404, ErrorCode.ROOT_NOT_FOUND)
        for text in ("a\0b", "relative", "\u00e9"):
            assert (await repoint(running, Path(text), allowed)).status_code == 404
        wrong = {"from": str(allowed)}
        response = await running.post("/collections/default/roots/repoint", wrong)
        check_problem(response, 400, ErrorCode.VALIDATION)
        response = await running.http.delete("/api/v1/collections/default/roots")
        check_problem(response, 400, ErrorCode.VALIDATION)
        response = await running.post(
            "/collections/nobody/roots/repoint", {"from": str(inner), "to": str(allowed)}
        )
        check_problem(response, 404, ErrorCode.COLLECTION_NOT_FOUND)
        assert await running.get("/collections/default") == before


async def test_a_root_is_not_repointed_onto_what_was_imported_there(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        old, new = running.photos, tmp_path / "moved"
        await running.ingested()
        old.rename(new)
        await ingest(running, new)  # before the move was said: each picture is there twice
        assert len(await paths(running)) == 26
        check_problem(await repoint(running, old, new), 409, ErrorCode.ROOT_OVERLAP)
        assert (await forget(running, new)).status_code == 200
        assert (await repoint(running, old, new)).status_code == 200
        assert len(await paths(running)) == 13


async def test_all_roots_in_a_folder_move_with_it(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        disk = tmp_path / "disk"
        for year in ("2023", "2024"):
            paint(disk / year / "a.png", "red")
            await ingest(running, disk / year)
        disk.rename(tmp_path / "mounted")
        response = await repoint(running, disk, tmp_path / "mounted")
        assert response.json()["roots"] == [
            str(tmp_path / "mounted" / "2023"),
            str(tmp_path / "mounted" / "2024"),
        ]
        assert (await ingest(running, tmp_path / "mounted"))["counts"]["unchanged"] == 2
        assert len(await paths(running)) == 2


async def test_failed_files_of_a_moved_root_can_be_tried_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        first = await running.ingested()
        new = tmp_path / "moved"
        running.photos.rename(new)
        await repoint(running, running.photos, new)
        paint(new / "corrupt.jpg", "red")
        accepted = await running.post(f"/jobs/{first['job_id']}/retry-failed", None)
        job = await running.ended(accepted.json()["job_id"])
        assert job["counts"]["failed"] == first["counts"]["failed"] - 1
        await forget(running, new)
        response = await running.post(f"/jobs/{job['job_id']}/retry-failed", None)
        check_problem(response, 409, ErrorCode.JOB_STATE)
