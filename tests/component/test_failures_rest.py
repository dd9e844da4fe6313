"""Failures of a job over REST: by code, and with the stored images beside each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


async def failures(running: Running, job_id: str, query: str = "") -> dict[str, Any]:
    page: dict[str, Any] = await running.get(f"/jobs/{job_id}/failures?{query}")
    return page


async def test_failures_are_listed_by_code_in_pages(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested(recursive=True)
        every = await failures(running, job["job_id"])
        codes = {name_of(one["path"]): one["code"] for one in every["failures"]}
        assert len(codes) == every["total"] == 3
        assert len(set(codes.values())) >= 2
        empty = await failures(running, job["job_id"], "code=ERR_FILE_EMPTY")
        assert [name_of(one["path"]) for one in empty["failures"]] == ["empty.jpg"]
        assert (empty["total"], empty["next_offset"]) == (1, None)
        asked = "&".join(f"code={one}" for one in sorted(set(codes.values())))
        first = await failures(running, job["job_id"], f"{asked}&limit=2")
        assert (first["total"], first["next_offset"]) == (3, 2)
        none = await failures(running, job["job_id"], "code=ERR_DISK_FULL")
        assert (none["failures"], none["total"]) == ([], 0)
        refused = await running.http.get(f"/api/v1/jobs/{job['job_id']}/failures?code=ERR_COOKED")
        check_problem(refused, 400, ErrorCode.VALIDATION)


async def test_a_failure_shows_the_stored_images_beside_it_in_its_folder(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number, name in enumerate(("trip/IMG_1", "trip/IMG_3", "trip/IMG_5", "other/IMG_2")):
        paint(photos / f"{name}.png", "red", side_px=60 + number)
    for name in ("trip/IMG_0.jpg", "trip/IMG_2.jpg", "trip/IMG_4.jpg", "alone/IMG_1.jpg"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"")
    async with orchestrator(tmp_path) as running:
        job = await running.ingested(recursive=True)
        assert job["counts"]["failed"] == 4
        found = (await failures(running, job["job_id"]))["failures"]
        beside = {
            str(Path(one["path"]).relative_to(photos)): tuple(
                near and near["filename"] for near in (one["previous"], one["next"])
            )
            for one in found
        }
        assert beside == {
            "alone/IMG_1.jpg": (None, None),
            "trip/IMG_0.jpg": (None, "IMG_1.png"),
            "trip/IMG_2.jpg": ("IMG_1.png", "IMG_3.png"),
            "trip/IMG_4.jpg": ("IMG_3.png", "IMG_5.png"),
        }
        for near in (found[-1]["previous"], found[-1]["next"]):
            thumbnail = await running.http.get(near["thumbnail_url"])
            assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/webp")
            assert (await running.get(f"/images/{near['id']}"))["filename"] == near["filename"]


async def test_what_is_hidden_is_not_shown_beside_a_failure(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    paint(photos / "private" / "deep" / "IMG_1.png", "red")
    (photos / "private" / "deep" / "IMG_2.jpg").write_bytes(b"")
    async with orchestrator(tmp_path) as running:
        job = await running.ingested(recursive=True)
        (seen,) = (await failures(running, job["job_id"]))["failures"]
        assert seen["previous"]["filename"] == "IMG_1.png"
        marks = "/collections/default/folders/hidden"
        await running.post(marks, {"path": str(photos / "private")})
        (hidden,) = (await failures(running, job["job_id"]))["failures"]
        assert (hidden["previous"], hidden["next"]) == (None, None)
