"""What a link took the place of is not looked at any more: a job says so, and sync removes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, orchestrator, paint

pytestmark = pytest.mark.anyio


async def paths(running: Running) -> list[str]:
    images = (await running.get("/images?limit=100"))["images"]
    return [image["path"].rpartition("photos/")[2] for image in images]


def moved_away(folder: Path, to: Path) -> None:
    """The disk was full: a link leads to where it is now."""
    folder.rename(to)
    folder.symlink_to(to)


def says_so(job: Any, path: Path) -> bool:
    return any(str(path) in warning and "link" in warning for warning in job["warnings"])


async def test_a_folder_that_a_link_replaced_loses_its_points_by_sync_and_says_so(
    tmp_path: Path,
) -> None:
    photos = tmp_path / "photos"
    for number in range(20):
        paint(photos / "2020" / f"{number}.png", "red", side_px=20 + number)
    for number in range(3):
        paint(photos / "2019" / f"{number}.png", "blue", side_px=20 + number)
    async with orchestrator(tmp_path) as running:
        first = await running.ingested()
        assert (first["links_skipped"], first["warnings"]) == (0, [])
        moved_away(photos / "2019", tmp_path / "2019")
        paint(tmp_path / "2019" / "new.png", "green")
        job = await running.ingested()
        assert says_so(job, photos / "2019")
        assert (job["links_skipped"], job["removed"], len(await paths(running))) == (1, 0, 23)
        assert any(line["event"] == "links_skipped" for line in job["log"])
        job = await running.ingested(sync=True)
        assert says_so(job, photos / "2019")
        assert (job["state"], job["removed"]) == ("completed", 3)
        assert all(path.startswith("2020/") for path in await paths(running))
        after = await running.ingested(sync=True)
        assert (after["links_skipped"], after["warnings"]) == (1, [])


async def test_the_guard_holds_for_a_folder_that_a_link_replaced(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(24):
        paint(photos / str(number % 2) / f"{number}.png", "red", side_px=20 + number)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        moved_away(photos / "0", tmp_path / "0")
        job = await running.ingested(sync=True)
        assert (job["reason_code"], job["removed"]) == ("ERR_DELETE_GUARD", 0)
        assert says_so(job, photos / "0")
        job = await running.ingested(sync=True, confirm_deletes=True)
        assert (job["reason_code"], job["removed"]) == (None, 12)


async def test_files_that_links_replaced_are_counted_and_a_few_are_named(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(30):
        paint(photos / f"{number:02d}.png", "red", side_px=20 + number)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        for number in range(6):
            moved_away(photos / f"{number:02d}.png", tmp_path / f"{number}.png")
        job = await running.ingested(sync=True)
        (warning,) = job["warnings"]
        assert "and 3 more" in warning
        assert (job["links_skipped"], job["removed"]) == (6, 6)
        assert len(await paths(running)) == 24
