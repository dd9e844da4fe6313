"""The orchestrator's REST API over real ledger, store, cache and files."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep
from PIL import Image

from tests.component.orchestrator_app import (
    FakeService,
    Running,
    check_problem,
    library,
    orchestrator,
    paint,
)
from tests.fakes import capabilities
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def filenames(reply: Any) -> list[str]:
    return [result["path"].rpartition("photos/")[2] for result in reply["results"]]


async def test_a_folder_becomes_searchable(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        assert job["state"] == "completed"
        assert job["counts"] == {
            "found": 17,
            "unchanged": 0,
            "cached": 0,
            "embedded": 13,
            "failed": 3,
            "skipped": 1,
            "pending": 0,
        }
        assert job["bytes"] > 0
        failures = (await running.get(f"/jobs/{job['job_id']}/failures"))["failures"]
        assert {Path(row["path"]).name: row["code"] for row in failures} == {
            "corrupt.jpg": ErrorCode.DECODING_IMAGE,
            "empty.jpg": ErrorCode.FILE_EMPTY,
            "text.jpg": ErrorCode.FORMAT_UNSUPPORTED,
        }
        for colour in ("red", "green", "blue"):
            found = await running.post("/search/text", {"query": colour, "limit": 4})
            assert all(name.startswith(colour) for name in filenames(found.json()))
            scores = [result["score"] for result in found.json()["results"]]
            assert scores == sorted(scores, reverse=True)
        collection = await running.get("/collections/default")
        assert collection["count"] == 13
        assert collection["roots"] == [str(running.photos)]


async def test_thumbnails_and_files_are_served(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        listed = (await running.get("/images?limit=100"))["images"]
        assert len(listed) == 13
        for image in listed[:3]:
            response = await running.http.get(image["thumbnail_url"])
            assert response.headers["content-type"] == "image/webp"
            with Image.open(io.BytesIO(response.content)) as thumbnail:
                assert max(thumbnail.size) <= 320
            again = await running.http.get(
                image["thumbnail_url"], headers={"If-None-Match": response.headers["etag"]}
            )
            assert again.status_code == 304
            original = await running.http.get(image["file_url"])
            assert original.content == Path(image["path"]).read_bytes()
            part = await running.http.get(image["file_url"], headers={"Range": "bytes=0-9"})
            assert part.status_code == 206
            assert part.content == original.content[:10]


async def test_a_thumbnail_that_the_cache_lost_is_made_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        image = (await running.get("/images"))["images"][0]
        before = (await running.http.get(image["thumbnail_url"])).content
    for found in sorted((tmp_path / "data" / "cache").rglob("*"), reverse=True):
        if found.is_file():
            found.unlink()
    async with orchestrator(tmp_path) as running:
        assert (await running.http.get(image["thumbnail_url"])).content == before
        Path(image["path"]).unlink()
    for found in sorted((tmp_path / "data" / "cache").rglob("*"), reverse=True):
        if found.is_file():
            found.unlink()
    async with orchestrator(tmp_path) as running:
        gone = await running.http.get(image["thumbnail_url"])
        check_problem(gone, 404, ErrorCode.IMAGE_NOT_FOUND)
        check_problem(await running.http.get(image["file_url"]), 404, ErrorCode.IMAGE_NOT_FOUND)


async def test_everything_is_remembered_over_a_restart(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        first = await running.ingested()
    async with orchestrator(tmp_path) as running:
        kept = await running.get(f"/jobs/{first['job_id']}")
        assert kept["counts"] == first["counts"]
        found = await running.post("/search/text", {"query": "green", "limit": 4})
        assert all(name.startswith("green") for name in filenames(found.json()))
        again = await running.ingested()
        assert again["counts"]["unchanged"] + again["counts"]["cached"] == 13
        assert running.service.images == 0


async def test_moved_and_copied_files_cost_no_inference(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        images = running.service.images
        (running.photos / "red").rename(running.photos / "crimson")
        paint(running.photos / "copy.png", "green", side_px=60)
        job = await running.ingested()
        assert job["counts"]["embedded"] == 0
        assert job["counts"]["cached"] >= 6
        assert running.service.images == images


async def test_an_absent_service_is_waited_for(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, service=FakeService(down=True)) as running:
        response = await running.post("/ingest", {"directory_path": str(running.photos)})
        assert response.status_code == 202
        job_id = response.json()["job_id"]
        await _until_state(running, job_id, "waiting_for_ml")
        search = await running.post("/search/text", {"query": "red"})
        assert search.json()["results"] == []
        running.service.down = False
        job = await running.ended(job_id)
        assert job["counts"]["embedded"] == 13
        running.service.down = True
        search = await running.post("/search/text", {"query": "red"})
        check_problem(search, 503, ErrorCode.ML_UNAVAILABLE)
        assert int(search.headers["retry-after"]) >= 1


async def _until_state(running: Running, job_id: str, state: str) -> None:
    with fail_after(60):
        while (await running.get(f"/jobs/{job_id}"))["state"] != state:
            await sleep(0.01)


async def test_another_model_is_refused_before_any_work(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
    other = FakeService(told=capabilities(fingerprint="another"))
    async with orchestrator(tmp_path, service=other) as running:
        response = await running.post("/ingest", {"directory_path": str(running.photos)})
        check_problem(response, 409, ErrorCode.MODEL_MISMATCH)
        assert len((await running.get("/jobs"))["jobs"]) == 1
        search = await running.post("/search/text", {"query": "red"})
        check_problem(search, 409, ErrorCode.MODEL_MISMATCH)


async def test_an_untrained_model_is_said_with_every_search(tmp_path: Path) -> None:
    library(tmp_path)
    told = capabilities()
    untrained = told.model_copy(update={"clip": told.clip.model_copy(update={"trained": False})})
    async with orchestrator(tmp_path, service=FakeService(told=untrained)) as running:
        job = await running.ingested()
        assert job["warnings"]
        found = await running.post("/search/text", {"query": "red"})
        assert found.json()["warnings"]


async def test_collections_are_made_listed_and_deleted(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        made = await running.post("/collections", {"name": "trips"})
        assert made.status_code == 201
        assert made.headers["location"] == "/api/v1/collections/trips"
        check_problem(
            await running.post("/collections", {"name": "trips"}), 409, ErrorCode.COLLECTION_EXISTS
        )
        await running.ingested(collection="trips")
        assert (await running.get("/collections/trips"))["count"] == 13
        deleted = await running.http.delete("/api/v1/collections/trips")
        assert deleted.status_code == 204
        gone = await running.http.get("/api/v1/collections/trips")
        check_problem(gone, 404, ErrorCode.COLLECTION_NOT_FOUND)
        assert (running.photos / "red" / "0.png").exists()
        await running.post("/collections", {"name": "trips"})
        job = await running.ingested(collection="trips")
        assert job["counts"]["cached"] == 13  # the cache by content outlives a collection


async def test_odd_files_get_a_verdict_and_crash_nothing(tmp_path: Path) -> None:
    library(tmp_path)
    photos = os.fsencode(tmp_path / "photos")
    paint(tmp_path / "plain.png", "red", side_px=91)
    os.rename(tmp_path / "plain.png", photos + b"/\xff\xfe.png")
    os.symlink(b".", photos + b"/loop")
    os.symlink(b"/etc/passwd", photos + b"/out.jpg")
    os.mkfifo(photos + b"/pipe.jpg")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(photos + b"/socket.jpg")
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        assert job["state"] == "completed"
        assert job["counts"]["embedded"] == 14
        images = (await running.get("/images?limit=100"))["images"]
        odd = [image for image in images if "\\xff\\xfe" in image["filename"]]
        assert len(odd) == 1
        assert (await running.http.get(odd[0]["file_url"])).status_code == 200
    listener.close()


async def test_overlapping_folders_share_their_points(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        inner = await running.post("/ingest", {"directory_path": str(running.photos / "red")})
        await running.ended(inner.json()["job_id"])
        await running.ingested()
        assert (await running.get("/collections/default"))["count"] == 13


async def test_capabilities_say_what_batches_will_be(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        told = await running.get("/capabilities")
        assert told["safe_clip_batch"] == 8
        assert told["batch_size"] == 8
        assert told["inference"]["reachable"]
    async with orchestrator(tmp_path, service=FakeService(down=True)) as running:
        told = await running.get("/capabilities")
        assert told["safe_clip_batch"] == 0
        assert not told["inference"]["reachable"]
