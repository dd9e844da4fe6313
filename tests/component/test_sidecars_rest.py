"""Sidecars over REST: written where people ask for it, and no file is a changed one for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.domain.library.collection import Watch
from ingestion_orchestration_fastapi_app.watch.change_scan import ChangeScan
from tests.component.orchestrator_app import (
    PATIENCE_S,
    Running,
    check_problem,
    orchestrator,
    paint,
)
from tests.unit.test_sidecar_edit import DARKTABLE, DIGIKAM, LIGHTROOM, left
from utils.contract import ErrorCode
from utils.imaging.formats import has_image_extension
from utils.metadata.xmp import read_xmp

pytestmark = pytest.mark.anyio

SAID = {"rating": 4, "favourite": True, "tags": ["Places|Rome", "print"]}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    for number in range(4):
        for colour in ("red", "green", "blue"):
            paint(tmp_path / "photos" / colour / f"{number}.png", colour, side_px=60 + number)
    paint(tmp_path / "photos" / "red" / "as.jpg", "red")
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (10**9, 10**9))  # else their times could tell no later change
    async with orchestrator(tmp_path) as started:
        await started.ingested()
        yield started


async def say(running: Running, name: str, **said: object) -> None:
    listed = (await running.get("/images?limit=100"))["images"]
    image = next(one["id"] for one in listed if one["path"].endswith(f"photos/{name}"))
    answer = await running.http.put(f"/api/v1/images/{image}/annotation", json=said or SAID)
    assert answer.status_code == 200, answer.text


async def write(running: Running, **asked: object) -> Any:
    """The job's report, when it has ended well."""
    response = await running.post("/sidecars/write", asked)
    assert response.status_code == 202, response.text
    job = await running.ended(response.json()["job_id"])
    assert (job["kind"], job["state"]) == ("sidecars", "completed"), job
    return await running.get(f"/jobs/{job['job_id']}/report")


def sidecars(running: Running) -> set[str]:
    return {str(one.relative_to(running.photos)) for one in running.photos.rglob("*.xmp")}


async def differing(running: Running, collection: str = "default") -> set[str]:
    """The folders in which a watch would find something to do."""
    services = running.app.state.services
    ledger = services.ports.ledger
    scan = ChangeScan(ledger.files, ledger.folders, services.ports.library, has_image_extension)
    watch = Watch(os.fsencode(running.photos), recursive=True)
    found = await scan.at(await services.collections.get(collection), watch, None)
    assert found.whole is None
    return {os.fsdecode(one).rpartition("/")[2] for one in found.folders}


async def test_what_is_said_is_written_and_no_file_is_changed_by_it(running: Running) -> None:
    await say(running, "red/0.png")
    await say(running, "blue/1.png", rating=-1)
    before = {one: one.read_bytes() for one in running.photos.rglob("*") if one.is_file()}
    inferred = running.service.images
    assert await differing(running) == set()
    report = await write(running)
    assert report["numbers"] == {"images": 13, "written": 2}
    assert report["findings"] == []
    assert sidecars(running) == {"red/0.png.xmp", "blue/1.png.xmp"}
    metadata, _ = read_xmp((running.photos / "red/0.png.xmp").read_bytes())
    assert metadata.rating == 4
    assert {"print", "Rome", "Places|Rome"} <= set(metadata.keywords)
    assert read_xmp((running.photos / "blue/1.png.xmp").read_bytes())[0].rating == -1
    assert all(one.read_bytes() == data for one, data in before.items())
    assert await differing(running) == set(), "a watch finds nothing to do"
    job = await running.ingested()
    counts = job["counts"]
    assert (counts["unchanged"], counts["embedded"], counts["cached"]) == (13, 0, 0)
    assert running.service.images == inferred
    assert (await write(running))["numbers"] == {"images": 13, "unchanged": 2}


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
async def test_a_watch_of_the_folder_is_woken_by_photographs_alone(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, watch_debounce_s=0.1) as running:
        for name in ("red", "blue"):
            paint(running.photos / name / "0.png", name)
            os.utime(running.photos / name / "0.png", (10**9, 10**9))
        await running.ingested(watch=True)
        await say(running, "red/0.png")
        await write(running)
        paint(running.photos / "blue" / "1.png", "blue", side_px=90)
        with fail_after(PATIENCE_S):
            while (await running.get("/images"))["total"] < 3:
                await sleep(0.05)  # as a client does
        jobs = [job for job in (await running.get("/jobs"))["jobs"] if job["kind"] == "ingest"]
        by_watching = [await running.ended(job["job_id"]) for job in jobs[:-1]]
        assert {job["counts"]["found"] for job in by_watching} == {2}, "of the folder blue"


async def test_an_edit_of_others_is_one_and_what_is_taken_back_goes(running: Running) -> None:
    await say(running, "red/0.png")
    await write(running)
    sidecar = running.photos / "red/0.png.xmp"
    text = sidecar.read_text()
    word = "<rdf:li>{}</rdf:li>"
    added = word.format("print") + word.format("mine")
    sidecar.write_text(text.replace(word.format("print"), added))
    os.utime(sidecar, (10**9, 10**9))  # else another import would look again
    assert await differing(running) == {"red"}
    job = await running.ingested()
    assert (job["counts"]["cached"], job["counts"]["embedded"]) == (1, 0)
    assert await differing(running) == set()
    listed = (await running.get("/images?limit=100&keywords=mine"))["images"]
    assert [one["path"].rpartition("photos/")[2] for one in listed] == ["red/0.png"]
    await say(running, "red/0.png", tags=["album"])
    assert (await write(running))["numbers"]["written"] == 1
    metadata, _ = read_xmp(sidecar.read_bytes())
    assert metadata.rating is None
    assert "mine" in metadata.keywords
    assert "album" in metadata.keywords
    assert {"print", "Rome"}.isdisjoint(metadata.keywords)
    assert await differing(running) == set()


async def test_other_collections_of_the_same_files_find_nothing_changed_either(
    running: Running,
) -> None:
    assert (await running.post("/collections", {"name": "other"})).status_code == 201
    await running.ingested(collection="other")
    await say(running, "red/0.png")
    await write(running, filters={"formats": ["png"]})
    assert await differing(running, "other") == set()


async def test_only_what_meets_the_filters_is_written(running: Running) -> None:
    for name in ("red/0.png", "red/as.jpg", "blue/1.png"):
        await say(running, name)
    report = await write(running, filters={"formats": ["jpeg"]}, label=None)
    assert report["numbers"] == {"images": 1, "written": 1}
    assert sidecars(running) == {"red/as.jpg.xmp"}
    assert b"xmp:Label" not in (running.photos / "red/as.jpg.xmp").read_bytes()


async def test_a_file_that_was_changed_since_its_import_waits_for_the_next(
    running: Running,
) -> None:
    """What is said is said of the content that was there then."""
    await say(running, "red/0.png")
    paint(running.photos / "red/0.png", "blue", side_px=90)
    report = await write(running)
    assert [one["finding"] for one in report["findings"]] == [ErrorCode.FILE_CHANGED]
    assert sidecars(running) == set()


async def test_a_bad_sidecar_is_told_of_and_its_neighbours_are_written(running: Running) -> None:
    await say(running, "red/0.png")
    await say(running, "red/1.png")
    bad = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    (running.photos / "red/0.png.xmp").write_bytes(bad)
    report = await write(running)
    assert report["numbers"] == {"images": 13, "written": 1}
    assert [one["finding"] for one in report["findings"]] == [ErrorCode.SIDECAR]
    assert (running.photos / "red/0.png.xmp").read_bytes() == bad


async def test_a_folder_that_cannot_be_written_to_is_said_before_anything_is_begun(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(running, "red/0.png")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode == os.F_OK)
    answer = await running.post("/sidecars/write", {})
    check_problem(answer, 409, ErrorCode.ROOT_READ_ONLY)
    assert str(running.photos) in answer.json()["detail"]
    answer = await running.post("/sidecars/write", {"skip_read_only": True})
    check_problem(answer, 409, ErrorCode.ROOT_READ_ONLY)
    started = await running.post("/jobs", {"kind": "sidecars"})
    job = await running.ended(started.json()["job_id"])
    assert (job["state"], job["reason_code"]) == ("failed", ErrorCode.ROOT_READ_ONLY)
    monkeypatch.setattr(os, "access", real)
    assert sidecars(running) == set()


@pytest.mark.parametrize(
    "wrong",
    [{"label": "red"}, {"filters": {"stars": 1}}, {"captions": "yes"}, {"everything": True}],
    ids=str,
)
async def test_what_is_no_request_is_refused(running: Running, wrong: dict[str, Any]) -> None:
    check_problem(await running.post("/sidecars/write", wrong), 400, ErrorCode.VALIDATION)
    nowhere = await running.post("/sidecars/write", {"collection": "nowhere"})
    check_problem(nowhere, 404, ErrorCode.COLLECTION_NOT_FOUND)


def by_exiftool(path: Path) -> dict[str, Any]:
    told = subprocess.run(
        ["exiftool", "-json", "-struct", "-G1", str(path)], check=True, capture_output=True
    )
    (found,) = json.loads(told.stdout)
    return dict(found)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("0.png.xmp", None),
        ("0.png.xmp", DARKTABLE),
        ("0.png.xmp", DIGIKAM),
        ("0.xmp", LIGHTROOM),
    ],
    ids=["new", "darktable", "digikam", "lightroom"],
)
async def test_exiftool_reads_what_was_written_and_what_others_keep(
    running: Running, name: str, data: bytes | None
) -> None:
    sidecar = running.photos / "red" / name
    if data is not None:
        sidecar.write_bytes(data)
    await running.ingested()
    await say(running, "red/0.png")
    await write(running)
    assert sidecars(running) == {f"red/{name}"}
    told = by_exiftool(sidecar)
    assert told["XMP-xmp:Rating"] == 4
    assert told["XMP-xmp:Label"] == ("Blue" if data == LIGHTROOM else "Red")
    assert told["XMP-digiKam:PickLabel"] == 3
    assert {"print", "rome"} <= {one.lower() for one in told["XMP-dc:Subject"]}
    assert {"Places/Rome", "print"} <= set(told["XMP-digiKam:TagsList"])
    assert "Places|Rome" in told["XMP-lr:HierarchicalSubject"]
    if data is not None:
        assert left(sidecar.read_bytes()) == left(data)
    listed = (await running.get("/images?limit=100"))["images"]
    image = next(one for one in listed if one["path"].endswith("red/0.png"))
    assert image["annotation"] == SAID


CUTS = [("begin", "before"), ("begin", "after"), ("end", "before"), ("end", "after")]


@pytest.mark.parametrize(("step", "phase"), CUTS, ids=str)
async def test_a_job_that_is_cut_off_at_any_step_is_made_good_by_the_next(
    running: Running, monkeypatch: pytest.MonkeyPatch, step: str, phase: str
) -> None:
    """As a kill does: what the ledger was not told of is seen by the hash that it was told."""
    await say(running, "red/0.png")
    await say(running, "blue/1.png")
    table = type(running.app.state.services.ports.ledger.sidecars)
    real = getattr(table, step)

    async def cut(self: object, *args: object) -> None:
        if phase == "after":
            await real(self, *args)
        raise RuntimeError("cut off")

    monkeypatch.setattr(table, step, cut)
    started = await running.post("/sidecars/write", {})
    job = await running.ended(started.json()["job_id"])
    assert job["state"] == "failed"
    monkeypatch.undo()
    report = await write(running)
    assert report["numbers"]["images"] == 13
    assert sidecars(running) == {"red/0.png.xmp", "blue/1.png.xmp"}
    assert await differing(running) == set()
    await say(running, "red/0.png", tags=["other"])
    await write(running)
    metadata, _ = read_xmp((running.photos / "red/0.png.xmp").read_bytes())
    assert metadata.rating is None
    assert metadata.keywords == ("other",)
