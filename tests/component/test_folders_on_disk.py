"""Folders on the disk over REST: what may be imported is listed, and nothing else is looked at."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from anyio import fail_after

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import OpenFolders
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import disk_folders
from ingestion_orchestration_fastapi_app.library.folders import on_disk
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.test_dead_share import Share
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

FOLDERS = "/api/v1/roots/folders"


async def asked(running: Running, path: Path | None = None, **more: Any) -> httpx.Response:
    named = {} if path is None else {"path": str(path)}
    return await running.http.get(FOLDERS, params={**named, **more})


async def listed(running: Running, path: Path | None = None, **more: Any) -> dict[str, Any]:
    response = await asked(running, path, **more)
    assert response.is_success, response.text
    found: dict[str, Any] = response.json()
    return {**found, "by_name": {one["name"]: one for one in found["folders"]}}


async def test_the_allowed_roots_come_first_and_then_folder_by_folder(tmp_path: Path) -> None:
    photos, other = tmp_path / "photos", tmp_path / "other"
    (photos / "2019" / "italy").mkdir(parents=True)
    (photos / "2020").mkdir()
    other.mkdir()
    (photos / "a.txt").write_text("a file")
    async with orchestrator(tmp_path, ingest_roots=(photos, other)) as running:
        roots = await listed(running)
        assert (roots["folder"], roots["parent"], roots["total"]) == (None, None, 2)
        assert {name: one["has_folders"] for name, one in roots["by_name"].items()} == {
            str(photos): True,
            str(other): False,
        }
        top = await listed(running, photos)
        assert (top["folder"]["path"], top["parent"]) == (str(photos), None)
        assert {name: one["has_folders"] for name, one in top["by_name"].items()} == {
            "2019": True,
            "2020": False,
        }
        below = await listed(running, photos / "2019")
        assert below["parent"] == str(photos)
        assert [one["path"] for one in below["folders"]] == [str(photos / "2019" / "italy")]
        assert (await listed(running, photos / "2020"))["folders"] == []


async def test_what_imports_pass_over_is_not_offered(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in (".hidden", "@eaDir", "Raws", "prism", "kept", "empty/.hidden", "seen/kept"):
        (photos / name).mkdir(parents=True)
    (photos / "prism" / ".ppstorage").write_text("")
    (photos / "link").symlink_to(photos / "kept")
    (photos / "data" / "deep").mkdir(parents=True)
    own = photos / "data"
    async with orchestrator(tmp_path, exclude_patterns=("raws",), data_dir=own) as running:
        found = (await listed(running, photos))["by_name"]
        assert {name: one["has_folders"] for name, one in found.items()} == {
            "empty": False,
            "kept": False,
            "seen": True,
        }


async def test_nothing_outside_the_roots_is_looked_at(tmp_path: Path) -> None:
    photos, secret = tmp_path / "photos", tmp_path / "secret"
    (secret / "inside").mkdir(parents=True)
    photos.mkdir()
    (photos / "way-out").symlink_to(secret)
    async with orchestrator(tmp_path) as running:
        for path in (secret, secret / "nobody", photos / "way-out", photos / "..", Path("/")):
            check_problem(await asked(running, path), 403, ErrorCode.DIRECTORY_NOT_ALLOWED)
        for path in (photos / "gone", photos / "a\0b"):
            check_problem(await asked(running, path), 404, ErrorCode.DIRECTORY_NOT_FOUND)
        unknown = await asked(running, photos, collection="nobody")
        check_problem(unknown, 404, ErrorCode.COLLECTION_NOT_FOUND)


async def test_a_folder_that_became_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, secret = tmp_path / "photos", tmp_path / "secret"
    (secret / "inside").mkdir(parents=True)
    (photos / "trip").mkdir(parents=True)
    async with orchestrator(tmp_path) as running:
        really = disk_folders.LocalFolders.below

        async def after_a_change(self: Any, folder: bytes) -> Any:
            (photos / "trip").rmdir()
            (photos / "trip").symlink_to(secret)
            return await really(self, folder)

        monkeypatch.setattr(disk_folders.LocalFolders, "below", after_a_change)
        check_problem(await asked(running, photos / "trip"), 404, ErrorCode.DIRECTORY_NOT_FOUND)


async def test_a_folder_says_what_the_collection_has_of_it(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number, name in enumerate(("a/1", "a/deep/2", "b/3", "private/4", "out/5")):
        paint(photos / f"{name}.png", "red", side_px=60 + number)
    async with orchestrator(tmp_path) as running:
        nothing = (await listed(running, photos))["by_name"]
        assert {one["images"] for one in nothing.values()} == {0}
        job = await running.ingested(recursive=True)
        assert job["counts"]["embedded"] == 5
        marks = "/collections/default/folders"
        await running.post(f"{marks}/hidden", {"path": str(photos / "private")})
        await running.post(f"{marks}/excluded", {"path": str(photos / "out")})
        body = {"directory_path": str(photos / "a"), "watch": True}
        await running.ended((await running.post("/ingest", body)).json()["job_id"])
        found = await listed(running, photos)
        by_name = found["by_name"]
        images = {name: one["images"] for name, one in by_name.items()}
        assert images == {"a": 2, "b": 1, "private": 0, "out": 0}
        assert found["folder"]["images"] == 3
        assert [name for name, one in by_name.items() if one["hidden"]] == ["private"]
        assert [name for name, one in by_name.items() if one["excluded"]] == ["out"]
        assert {name for name, one in by_name.items() if one["watched_by"]} == {"a"}
        deep = (await listed(running, photos / "a"))["by_name"]["deep"]
        assert (deep["watched_by"], deep["images"]) == (str(photos / "a"), 1)
        roots = (await listed(running))["by_name"]
        assert roots[str(photos)]["images"] == 3


async def test_an_unfinished_import_is_named_by_the_folders_that_it_covers(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    paint(photos / "a" / "deep" / "1.png", "red")
    paint(photos / "b" / "2.png", "blue")
    async with orchestrator(tmp_path) as running:
        running.service.down = True
        body = {"directory_path": str(photos / "a"), "recursive": False}
        job_id = (await running.post("/ingest", body)).json()["job_id"]
        named = {
            name: one["job_id"] for name, one in (await listed(running, photos))["by_name"].items()
        }
        assert named == {"a": job_id, "b": None}
        assert (await listed(running, photos / "a"))["by_name"]["deep"]["job_id"] is None
        await running.post(f"/jobs/{job_id}/cancel", None)
        assert (await listed(running, photos))["by_name"]["a"]["job_id"] is None


async def test_many_folders_come_in_pages_by_name_and_too_many_are_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    names = ["Beta", "alpha", "Éclair", "gamma", "delta"]
    for name in names:
        (photos / name).mkdir(parents=True)
    async with orchestrator(tmp_path) as running:
        first = await listed(running, photos, limit=3)
        assert [one["name"] for one in first["folders"]] == ["alpha", "Beta", "delta"]
        assert (first["total"], first["next_offset"], first["truncated"]) == (5, 3, False)
        rest = await listed(running, photos, limit=3, offset=3)
        assert {one["name"] for one in rest["folders"]} == {"Éclair", "gamma"}
        assert rest["next_offset"] is None
        monkeypatch.setattr(disk_folders, "MOST_FOLDERS", 2)
        cut = await listed(running, photos)
        assert (len(cut["folders"]), cut["truncated"]) == (2, True)


async def test_a_folder_that_may_not_be_read_is_listed_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    (photos / "mine" / "deep").mkdir(parents=True)
    (photos / "theirs").mkdir()
    really = OpenFolders.listing

    def listing(self: Any, path: bytes) -> int:
        if path.endswith(b"theirs"):  # root may read all
            raise PermissionError(13, "Permission denied")
        return really(self, path)

    async with orchestrator(tmp_path) as running:
        monkeypatch.setattr(OpenFolders, "listing", listing)
        found = (await listed(running, photos))["by_name"]
        theirs, mine = found["theirs"], found["mine"]
        assert (theirs["readable"], theirs["has_folders"]) == (False, None)
        assert (mine["readable"], mine["has_folders"]) == (True, True)
        refused = await asked(running, photos / "theirs")
        check_problem(refused, 404, ErrorCode.DIRECTORY_NOT_FOUND)
        assert "Permission denied" in refused.json()["detail"]


async def test_of_a_slow_disk_that_is_told_for_which_there_was_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    for name in ("first", "second", "third"):
        (photos / name / "deep").mkdir(parents=True)
    really = OpenFolders.listing

    def listing(self: Any, path: bytes) -> int:
        if path.endswith(b"second"):
            Event().wait(disk_folders.LOOK_S)  # a disk that takes its time
        return really(self, path)

    async with orchestrator(tmp_path) as running:
        monkeypatch.setattr(OpenFolders, "listing", listing)
        found = (await listed(running, photos))["by_name"]
        told = {name: one["has_folders"] for name, one in found.items()}
        assert told == {"first": True, "second": True, "third": None}


async def test_a_share_that_is_dead_holds_up_nobody_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = Share(tmp_path / "share", monkeypatch)
    (share.folder / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "trip").mkdir(parents=True)
    monkeypatch.setattr(disk_folders, "HUNG_S", 1.0)
    monkeypatch.setattr(on_disk, "ANSWER_S", 4.0)
    roots = (tmp_path / "photos", share.folder)
    async with orchestrator(tmp_path, ingest_roots=roots) as running:
        share.is_dead = True
        try:
            with fail_after(60):
                found = (await listed(running))["by_name"]
                assert found[str(share.folder)]["has_folders"] is None
                assert found[str(tmp_path / "photos")]["has_folders"] is True
                refused = await asked(running, share.folder)
            check_problem(refused, 503, ErrorCode.OVERLOADED)
        finally:
            share.come_back()
        assert list((await listed(running, share.folder))["by_name"]) == ["deep"]


async def test_a_name_that_is_no_text_is_shown_as_such(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    os.mkdir(os.fsencode(photos) + b"/caf\xe9")
    async with orchestrator(tmp_path) as running:
        (one,) = (await listed(running, photos))["folders"]
        assert one["name"] == "caf\\xe9"
