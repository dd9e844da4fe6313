"""A link that takes a folder's place leads no job out of the roots, whenever it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import FakeService, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
NOT_LOOKED_AT = ("the folder is not there", "the folder may not be imported any more")


@pytest.mark.parametrize(
    ("linked", "state", "code"),
    [("", "failed", ErrorCode.DIRECTORY_NOT_ALLOWED), ("trip", "completed", None)],
)
async def test_a_queued_job_imports_nothing_from_behind_a_link(
    tmp_path: Path, linked: str, state: str, code: ErrorCode | None
) -> None:
    paint(tmp_path / "outside" / "secret.png", "blue")
    paint(tmp_path / "photos" / "in" / "trip" / "a.png", "red")
    service = FakeService(down=True)
    async with orchestrator(tmp_path, service=service) as running:
        asked = await running.post("/ingest", {"directory_path": str(running.photos / "in")})
        folder = running.photos / "in" / linked
        folder.rename(tmp_path / "moved")
        folder.symlink_to(tmp_path / "outside")
        service.down = False
        job = await running.ended(asked.json()["job_id"])
        assert (job["state"], job["reason_code"], job["counts"]["found"]) == (state, code, 0)


async def test_a_job_that_goes_on_after_a_restart_asks_the_roots_again(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "in" / "a.png", "red")
    service = FakeService(down=True)
    async with orchestrator(tmp_path, service=service) as running:
        asked = await running.post("/ingest", {"directory_path": str(running.photos / "in")})
        job_id = asked.json()["job_id"]
    service.down = False
    other = tmp_path / "other"
    other.mkdir()
    async with orchestrator(tmp_path, service=service, ingest_roots=(other,)) as running:
        job = await running.ended(job_id)
        assert (job["state"], job["reason_code"]) == ("failed", ErrorCode.DIRECTORY_NOT_ALLOWED)
        assert service.images == 0


@pytest.mark.parametrize("linked", ["", "trip"])
async def test_a_watched_folder_that_becomes_a_link_is_not_followed(
    tmp_path: Path, linked: str
) -> None:
    for number in range(12):
        paint(tmp_path / "photos" / "in" / f"{number}.png", "green", side_px=20 + number)
    paint(tmp_path / "photos" / "in" / "trip" / "a.png", "red")
    paint(tmp_path / "outside" / "secret.png", "blue")
    async with orchestrator(tmp_path, watch_debounce_s=0.1) as running:
        folder = running.photos / "in"
        asked = {"directory_path": str(folder), "watch": True, "sync": True}
        job_id = (await running.post("/ingest", asked)).json()["job_id"]
        await running.ended(job_id)
        (folder / linked).rename(tmp_path / "moved")
        (folder / linked).symlink_to(tmp_path / "outside")
        paint(tmp_path / "outside" / "new.png", "blue")
        with fail_after(60):
            while True:
                paths = [image["path"] for image in (await running.get("/images"))["images"]]
                assert not any("secret" in path or "new" in path for path in paths)
                watches = (await running.get("/collections/default"))["watches"]
                if linked and str(folder / "trip" / "a.png") not in paths:
                    break
                if not linked and watches[0]["detail"] in NOT_LOOKED_AT:
                    # What was painted just now may be looked at again before the link is there.
                    for job in (await running.get("/jobs"))["jobs"]:
                        assert not (await running.ended(job["job_id"]))["removed"]
                    assert len((await running.get("/images"))["images"]) == 13
                    break
                await sleep(0.05)
