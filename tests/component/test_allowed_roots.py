"""Folders are allowed and taken back while the service runs, by those who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep
from httpx import ASGITransport

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import read_local_secret
from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from utils.contract import LOCAL_SECRET_HEADER, ErrorCode, IngestRequest

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing is set only this is allowed, and the working directory in it."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    monkeypatch.delenv("INGEST_ROOTS", raising=False)
    return home


def headers(tmp_path: Path) -> dict[str, str]:
    secret = read_local_secret(tmp_path / "data")
    assert secret is not None
    return {LOCAL_SECRET_HEADER: secret}


async def add(running: Running, path: Path | str, *, by: dict[str, str]) -> Any:
    return await running.http.post("/api/v1/roots", json={"path": str(path)}, headers=by)


async def remove(running: Running, path: Path | str, *, by: dict[str, str]) -> Any:
    return await running.http.delete("/api/v1/roots", params={"path": str(path)}, headers=by)


async def listed(running: Running) -> dict[str, str]:
    """Without the inbox, which is always one."""
    roots = {root["path"]: root["source"] for root in (await running.get("/roots"))["roots"]}
    return {path: source for path, source in roots.items() if source != "inbox"}


async def test_a_folder_that_its_user_added_is_allowed_after_the_next_start(
    tmp_path: Path, home: Path
) -> None:
    paint(tmp_path / "photos" / "a:b" / "red.png", "red")
    photos = tmp_path / "photos" / "a:b"
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        assert await listed(running) == {str(home): "default"}
        refused = await running.post("/ingest", {"directory_path": str(photos)})
        check_problem(refused, 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        detail = refused.json()["detail"]
        assert str(home) in detail
        assert f"photoseek roots add '{photos}'" in detail or f"roots add {photos}" in detail
        response = await add(running, photos, by=headers(tmp_path))
        assert response.status_code == 201, response.text
        job = await running.post("/ingest", {"directory_path": str(photos)})
        await running.ended(job.json()["job_id"])
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        assert await listed(running) == {str(home): "default", str(photos): "remembered"}
        (image,) = (await running.get("/images"))["images"]
        assert (await running.http.get(image["file_url"])).status_code == 200
        assert str(photos) in (await running.get("/capabilities"))["ingest_roots"]


async def test_who_may_add_a_folder(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        for by in ({}, {LOCAL_SECRET_HEADER: "guessed"}, {"X-API-Key": "any"}):
            refused = await add(running, photos, by=by)
            check_problem(refused, 403, ErrorCode.FORBIDDEN)
            assert all(name in refused.json()["detail"] for name in ("API_KEY", "DATA_DIR"))
            check_problem(await remove(running, photos, by=by), 403, ErrorCode.FORBIDDEN)
        assert (await add(running, photos, by=headers(tmp_path))).status_code == 201
    async with orchestrator(tmp_path, ingest_roots=None, api_key="k") as running:
        check_problem(await add(running, photos, by={}), 401, ErrorCode.UNAUTHORIZED)
        for by in ({"X-API-Key": "k"}, headers(tmp_path)):
            assert (await add(running, photos, by=by)).status_code == 201
            assert (await running.http.get("/api/v1/jobs", headers=by)).status_code == 200


async def test_what_can_never_be_a_root_is_refused(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (tmp_path / "link").symlink_to("/proc")
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        by = headers(tmp_path)
        for path in (
            "/",
            "/proc",
            "/sys/class",
            "/dev",
            tmp_path / "data",
            tmp_path,
            tmp_path / "link",
        ):
            check_problem(await add(running, path, by=by), 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        check_problem(
            await add(running, photos / "none", by=by), 404, ErrorCode.DIRECTORY_NOT_FOUND
        )
        check_problem(await add(running, "a\0b", by=by), 404, ErrorCode.DIRECTORY_NOT_FOUND)
        check_problem(await add(running, "", by=by), 400, ErrorCode.VALIDATION)
        check_problem(await remove(running, photos, by=by), 404, ErrorCode.ROOT_NOT_FOUND)
    async with orchestrator(tmp_path, ingest_roots=(photos,)) as running:
        by = headers(tmp_path)
        outside = await add(running, tmp_path / "home", by=by)
        check_problem(outside, 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        assert "INGEST_ROOTS" in outside.json()["detail"]
        assert await listed(running) == {str(photos): "setting"}


async def test_a_root_that_was_taken_away_takes_all_that_is_known_of_it(tmp_path: Path) -> None:
    disk, photos = tmp_path / "disk", tmp_path / "photos"
    paint(disk / "red.png", "red")
    paint(photos / "blue.png", "blue")
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        by = headers(tmp_path)
        for folder in (disk, photos):
            await add(running, folder, by=by)
            job = await running.post("/ingest", {"directory_path": str(folder)})
            await running.ended(job.json()["job_id"])
        images = (await running.get("/images"))["images"]
        gone, kept = (image["id"] for image in images)
        assert (await remove(running, disk, by=by)).status_code == 200

        async def found() -> list[set[str]]:
            text = await running.post("/search/text", {"query": "red"})
            near = await running.get(f"/images/{kept}/similar")
            page = await running.get("/images")
            sides = [text.json()["results"], near["results"], page["images"]]
            return [{image["id"] for image in side} for side in sides]

        assert await found() == [{kept}, set(), {kept}]
        assert (await running.get("/collections/default"))["count"] == 1
        for part in ("", "/thumbnail", "/file", "/similar"):
            response = await running.http.get(f"/api/v1/images/{gone}{part}")
            check_problem(response, 404, ErrorCode.IMAGE_NOT_FOUND)
        refused = await running.post("/ingest", {"directory_path": str(disk)})
        check_problem(refused, 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        await add(running, disk, by=by)  # nothing was deleted
        assert await found() == [{gone, kept}, {gone}, {gone, kept}]
    async with orchestrator(tmp_path, ingest_roots=(photos,)) as running:
        assert [image["id"] for image in (await running.get("/images"))["images"]] == [kept]
    async with orchestrator(tmp_path, ingest_roots=(disk / "deeper", photos)) as running:
        assert [image["id"] for image in (await running.get("/images"))["images"]] == [kept]


async def test_watches_rest_while_their_folder_is_not_allowed_and_go_on_by_themselves(
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    paint(disk / "red.png", "red")
    quick: dict[str, Any] = {"ingest_roots": None, "watch_debounce_s": 0.05}
    async with orchestrator(tmp_path, **quick) as running:
        by = headers(tmp_path)
        await add(running, disk, by=by)
        job = await running.post("/ingest", {"directory_path": str(disk), "watch": True})
        await running.ended(job.json()["job_id"])
        await remove(running, disk, by=by)
        (watch,) = (await running.get("/collections/default"))["watches"]
        assert "rests" in watch["detail"]
        done = len((await running.get("/jobs"))["jobs"])
        paint(disk / "blue.png", "blue")
        await sleep(0.3)
        assert len((await running.get("/jobs"))["jobs"]) == done
        await add(running, disk, by=by)
        with fail_after(60):
            while (await running.get("/collections/default"))["count"] != 2:
                await sleep(0.02)
        (watch,) = (await running.get("/collections/default"))["watches"]
        assert "rests" not in (watch["detail"] or "")


async def test_the_command_of_the_same_user_remembers_what_it_is_given(
    tmp_path: Path, home: Path
) -> None:
    photos, moved = tmp_path / "photos", tmp_path / "moved"
    paint(photos / "red.png", "red")
    (home / "Pictures").mkdir()
    async with orchestrator(tmp_path, ingest_roots=None) as running:
        transport = ASGITransport(running.app)
        stranger = OrchestratorApi("http://localhost", transport=transport)
        await stranger.remember_root(str(photos))
        assert await listed(running) == {str(home): "default"}
        secret = read_local_secret(tmp_path / "data")
        api = OrchestratorApi("http://localhost", local_secret=secret, transport=transport)
        for folder in (home / "Pictures", photos, photos):
            await api.remember_root(str(folder))
        assert await listed(running) == {str(home): "default", str(photos): "remembered"}
        job = await api.start_ingest(IngestRequest(directory_path=str(photos)))
        await running.ended(job.job_id)
        photos.rename(moved)
        await api.remember_root(str(moved))
        assert (await api.repoint_root("default", str(photos), str(moved))).roots == (str(moved),)
        assert (await api.forget_root("default", str(moved))).count == 0
        left = await api.remove_root(str(photos))
        assert str(photos) not in [root.path for root in left.roots]
        with pytest.raises(ApiProblem) as caught:
            await api.repoint_root("no body", str(photos), str(moved))
        assert caught.value.code is ErrorCode.COLLECTION_NOT_FOUND
