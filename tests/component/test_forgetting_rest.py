"""Images are forgotten over REST: one, a selection, listed, taken back, over a kill and a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from anyio import fail_after

from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
FORGOTTEN = "/collections/default/forgotten"


def painted(running: Running) -> None:
    for name, colour in (("a", "red"), ("copy", "red"), ("b", "green"), ("c", "blue")):
        paint(running.photos / f"{name}.png", colour)


async def images(running: Running) -> dict[str, Any]:
    """By name, but for placeholders: those of what comes back are made of thumbnails, and later."""
    listed = (await running.get("/images?limit=100"))["images"]
    return {one["filename"]: {**one, "placeholder": None} for one in listed}


async def found_by(running: Running, text: str) -> set[str]:
    reply = (await running.post("/search/text", {"query": text})).json()
    return {hit["filename"] for hit in reply["results"]}


async def test_an_image_is_forgotten_with_its_copies_listed_and_taken_back(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        there = await images(running)
        url = f"/api/v1/images/{there['a.png']['id']}"
        gone = await running.http.delete(url)
        assert (gone.status_code, gone.json()) == (200, {"forgotten": 2, "missing": 0})
        check_problem(await running.http.delete(url), 404, ErrorCode.IMAGE_NOT_FOUND)
        for picture in ("", "/thumbnail", "/preview", "/file"):
            answer = await running.http.get(url + picture)
            check_problem(answer, 404, ErrorCode.IMAGE_NOT_FOUND)
        assert set(await images(running)) == {"b.png", "c.png"}
        assert await found_by(running, "red") == {"b.png", "c.png"}
        assert (running.photos / "a.png").is_file()
        assert (await running.get("/collections/default"))["count"] == 2
        (kept,) = (await running.get(FORGOTTEN))["forgotten"]
        assert kept["sha256"] == there["a.png"]["sha256"]
        assert kept["path"] == there["a.png"]["path"]
        again = await running.ingested(force=True, sync=True)
        assert (again["counts"]["skipped"], again["counts"]["failed"]) == (2, 0)
        report = await verified(running)
        assert report["findings"] == []
        back = f"/api/v1{FORGOTTEN}/{kept['sha256']}"
        assert (await running.http.delete(back)).status_code == 204
        check_problem(await running.http.delete(back), 404, ErrorCode.IMAGE_NOT_FOUND)
        assert (await running.get(FORGOTTEN)) == {"forgotten": [], "next_after": None}
        assert await images(running) == there
        assert await found_by(running, "red") == set(there)
        job = await running.ingested()
        assert (job["counts"]["unchanged"], job["counts"]["cached"]) == (4, 0)
        assert (await verified(running))["findings"] == []


async def verified(running: Running) -> Any:
    response = await running.post("/jobs", {"kind": "verify", "collection": "default"})
    assert response.status_code == 202, response.text
    job_id = response.json()["job_id"]
    await running.ended(job_id)
    return await running.get(f"/jobs/{job_id}/report")


async def test_a_selection_is_forgotten_in_pages_and_over_a_restart(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        ids = [image["id"] for image in (await images(running)).values()]
        chosen = {"ids": [*ids[:3], str(uuid4())]}
        reply = await running.post("/selection/forget", chosen)
        assert reply.status_code == 200, reply.text
        assert reply.json()["missing"] == 1
        assert len(await images(running)) == 4 - reply.json()["forgotten"]
        nothing = await running.post("/selection/forget", {"ids": [str(uuid4())]})
        check_problem(nothing, 404, ErrorCode.IMAGE_NOT_FOUND)
        first = await running.get(f"{FORGOTTEN}?limit=1")
        second = await running.get(f"{FORGOTTEN}?limit=1&after={first['next_after']}")
        both = [*first["forgotten"], *second["forgotten"]]
        assert [one["sha256"] for one in both] == sorted(one["sha256"] for one in both)
        for wrong in ("limit=0", "limit=501", "after=xyz", "offset=1"):
            refused = await running.http.get(f"/api/v1{FORGOTTEN}?{wrong}")
            check_problem(refused, 400, ErrorCode.VALIDATION)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        assert job["counts"]["skipped"] == reply.json()["forgotten"]
        assert len(await images(running)) == 4 - reply.json()["forgotten"]


async def test_a_watched_folder_does_not_bring_it_back(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, watch_debounce_s=0.05) as running:
        painted(running)
        await running.ingested(watch=True)
        there = await images(running)
        await running.http.delete(f"/api/v1/images/{there['b.png']['id']}")
        (running.photos / "b.png").rename(running.photos / "renamed.png")
        skipped = 0
        with fail_after(60):
            while not skipped:
                listed = (await running.get("/jobs"))["jobs"]
                for job in listed:
                    if job["origin"] == "watch":
                        skipped += (await running.ended(job["job_id"]))["counts"]["skipped"]
        assert set(await images(running)) == {"a.png", "copy.png", "c.png"}


async def test_what_is_no_id_is_refused_and_other_paths_have_no_such_method(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path) as running:
        for call in (running.http.get, running.http.delete):
            check_problem(await call("/api/v1/images/no-id"), 400, ErrorCode.VALIDATION)
        answer = await running.http.delete("/api/v1/images/timeline")
        check_problem(answer, 405, ErrorCode.METHOD_NOT_ALLOWED)
        assert answer.headers["allow"] == "GET, HEAD"
