"""Several folders and single files in one job: each file once, and the same point as ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import (
    PATIENCE_S,
    FakeService,
    Running,
    check_problem,
    orchestrator,
    paint,
)
from tests.component.test_newest_folders_first import FilledService
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def painted(folder: Path, images: int, *, seed: int) -> None:
    for number in range(images):
        paint(folder / f"{number}.png", "red", side_px=20 + seed + number)


async def imported(running: Running, *paths: Path, **more: object) -> Any:
    response = await running.post("/ingest", {"paths": [str(path) for path in paths], **more})
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


async def images(running: Running) -> dict[str, str]:
    """Ids by path in `photos`."""
    listed = (await running.get("/images?limit=100"))["images"]
    return {one["path"].rpartition("/photos/")[2]: one["id"] for one in listed}


async def test_folders_and_files_are_one_job_that_counts_each_file_once(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        photos = running.photos
        painted(photos / "2019", 3, seed=0)
        painted(photos / "2020" / "05", 4, seed=10)
        painted(photos / "other", 5, seed=20)
        job = await imported(
            running,
            photos / "2020" / "05" / "0.png",  # its folder's scan meets it
            photos / "2020" / "05",  # so does that of the folder above
            photos / "2020",
            photos / "2019",
            photos / "other" / "1.png",
            photos / "other" / "1.png",
        )
        assert job["counts"]["found"] == job["counts"]["embedded"] == 8
        asked = ["other/1.png", "2020", "2019"]  # files first, then the newest folders
        assert job["paths"] == [str(photos / name) for name in asked]
        assert job["directory_path"] == job["paths"][0]
        assert sorted(path for path in await images(running) if "other" in path) == ["other/1.png"]
        again = await imported(running, photos / "2019", photos / "2020", photos / "other/1.png")
        assert again["counts"]["unchanged"] == again["counts"]["found"] == 8


async def test_the_folder_of_a_file_is_not_imported_and_later_it_is_the_same_point(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running.photos / "2020" / "05", 4, seed=0)
        one = running.photos / "2020" / "05" / "2.png"
        job = await imported(running, one)
        assert (job["counts"]["found"], job["paths"]) == (1, [str(one)])
        alone = await images(running)
        assert list(alone) == ["2020/05/2.png"]
        job = await running.ingested()  # of all photos
        assert (job["counts"]["found"], job["counts"]["unchanged"]) == (4, 1)
        assert alone.items() <= (await images(running)).items()
        assert (await running.get("/collections/default"))["count"] == 4


async def test_a_file_by_a_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running.photos, 1, seed=0)
        (running.photos / "link.png").symlink_to("0.png")
        (running.photos / "out.png").symlink_to(tmp_path / "elsewhere.png")
        paint(tmp_path / "elsewhere.png", "blue")
        job = await imported(running, running.photos / "link.png")
        assert job["paths"] == [str(running.photos / "0.png")]
        asked = {"paths": [str(running.photos / "out.png")]}
        check_problem(await running.post("/ingest", asked), 403, ErrorCode.DIRECTORY_NOT_ALLOWED)


async def test_sync_removes_nothing_for_a_file(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running.photos / "a", 12, seed=0)
        painted(running.photos / "b", 12, seed=30)
        await running.ingested()
        for folder in ("a", "b"):
            (running.photos / folder / "0.png").unlink()
        alone = await imported(running, running.photos / "a" / "1.png", sync=True)
        assert (alone["removed"], alone["counts"]["unchanged"]) == (0, 1)
        assert any("only files are named" in warning for warning in alone["warnings"])
        job = await imported(
            running, running.photos / "a" / "1.png", running.photos / "b", sync=True
        )
        assert (job["removed"], job["counts"]["unchanged"]) == (1, 12)
        assert "a/0.png" in await images(running)


async def test_each_folder_is_guarded_by_itself(tmp_path: Path) -> None:
    """That much is there in one does not make up for what the other has lost."""
    async with orchestrator(tmp_path) as running:
        painted(running.photos / "a", 14, seed=0)
        painted(running.photos / "b", 60, seed=30)
        folders = (running.photos / "a", running.photos / "b")
        await imported(running, *folders)
        for number in range(11):
            (running.photos / "a" / f"{number}.png").unlink()
        job = await imported(running, *folders, sync=True)
        assert (job["reason_code"], job["removed"]) == (ErrorCode.DELETE_GUARD, 0)
        assert f"11 of 14 images in {running.photos / 'a'} are missing" in job["reason"]
        job = await imported(running, *folders, sync=True, confirm_deletes=True)
        assert (job["reason_code"], job["removed"]) == (None, 11)


async def test_what_is_gone_of_several_is_told_and_the_others_are_imported(tmp_path: Path) -> None:
    service = FakeService(down=True)  # a job that has not begun to scan
    async with orchestrator(tmp_path, service=service) as running:
        painted(running.photos / "a", 2, seed=0)
        painted(running.photos / "b", 2, seed=30)
        painted(running.photos / "c", 2, seed=60)
        asked = [running.photos / name for name in ("a", "b", "c/0.png", "c/1.png")]
        gone = {"paths": [str(running.photos / "a"), str(running.photos / "c/0.png")]}
        started = await running.post("/ingest", {"paths": [str(path) for path in asked]})
        all_gone = await running.post("/ingest", gone)
        os.rename(running.photos / "a", running.photos / ".a")
        (running.photos / "c" / "0.png").unlink()
        service.down = False
        job = await running.ended(started.json()["job_id"])
        assert (job["state"], job["reason_code"]) == ("completed", ErrorCode.DIRECTORY_NOT_FOUND)
        assert str(running.photos / "a") in job["reason"]
        assert any(str(running.photos / "c" / "0.png") in one for one in job["warnings"])
        assert job["counts"]["embedded"] == job["counts"]["found"] == 3
        job = await running.ended(all_gone.json()["job_id"])
        assert (job["state"], job["reason_code"]) == ("completed", ErrorCode.DIRECTORY_NOT_FOUND)
        assert job["counts"]["found"] == 0


async def test_a_job_over_several_paths_goes_on_after_a_restart(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for at, name in enumerate(("a", "b", "c")):
        painted(photos / name, 12, seed=20 * at)
    asked = {"paths": [str(photos / name) for name in ("a", "b", "c/0.png", "c/\u00e9.png")]}
    paint(photos / "c" / "\u00e9.png", "blue")
    service = FilledService(room=8)
    settings: dict[str, Any] = {"ml_inference_batch_size": 4, "store_linger_s": 0.01}
    async with orchestrator(tmp_path, service=service, **settings) as running:
        job_id = (await running.post("/ingest", asked)).json()["job_id"]
        with fail_after(PATIENCE_S):
            while (await running.get(f"/jobs/{job_id}"))["counts"]["embedded"] < service.room:
                await sleep(0.01)  # what is stored is what is waited for
    async with orchestrator(tmp_path, **settings) as running:
        job = await running.ended(job_id)
        assert job["counts"]["found"] == job["counts"]["embedded"] == 26
        assert len(await images(running)) == 26


async def test_what_failed_among_several_paths_is_tried_again_alone(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running.photos / "a", 2, seed=0)
        (running.photos / "b").mkdir()
        (running.photos / "b" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 200)
        job = await imported(running, running.photos / "a", running.photos / "b" / "torn.jpg")
        assert job["counts"]["failed"] == 1
        paint(running.photos / "b" / "torn.jpg", "blue")
        retried = await running.post(f"/jobs/{job['job_id']}/retry-failed", {})
        again = await running.ended(retried.json()["job_id"])
        assert again["counts"]["found"] == again["counts"]["embedded"] == 1
        assert again["paths"] == job["paths"]


async def test_folders_of_one_job_are_watched_and_no_longer(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running.photos / "a", 1, seed=0)
        painted(running.photos / "b", 1, seed=30)
        folders = (running.photos / "a", running.photos / "b")
        await imported(running, *folders, watch=True)
        watches = (await running.get("/collections/default"))["watches"]
        assert [one["directory_path"] for one in watches] == [str(one) for one in folders]
        await imported(running, *folders, watch=False)
        assert not (await running.get("/collections/default"))["watches"]
        asked = {"paths": [str(running.photos / "a/0.png")], "watch": True}
        check_problem(await running.post("/ingest", asked), 404, ErrorCode.DIRECTORY_NOT_FOUND)


@pytest.mark.parametrize(
    ("paths", "status", "code"),
    [
        (["photos", "elsewhere"], 403, ErrorCode.DIRECTORY_NOT_ALLOWED),
        (["photos", "photos/missing.png"], 404, ErrorCode.DIRECTORY_NOT_FOUND),
        (["photos", "photos/pipe"], 404, ErrorCode.DIRECTORY_NOT_FOUND),
        (["photos/.hidden.png"], 403, ErrorCode.DIRECTORY_NOT_ALLOWED),
        (["photos/a\0.png"], 404, ErrorCode.DIRECTORY_NOT_FOUND),
        ([], 400, ErrorCode.VALIDATION),
        (["photos"] * 257, 400, ErrorCode.VALIDATION),
    ],
)
async def test_one_path_that_cannot_be_imported_refuses_all_and_changes_nothing(
    tmp_path: Path, paths: list[str], status: int, code: ErrorCode
) -> None:
    async with orchestrator(tmp_path) as running:
        paint(running.photos / ".hidden.png", "red")
        os.mkfifo(running.photos / "pipe")
        (tmp_path / "elsewhere").mkdir()
        asked = {"paths": [f"{tmp_path}/{path}" for path in paths]}
        check_problem(await running.post("/ingest", asked), status, code)
        assert not (await running.get("/jobs"))["jobs"]
        assert not (await running.get("/collections"))["collections"]
