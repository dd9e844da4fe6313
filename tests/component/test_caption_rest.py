"""Captions over REST, with the real stores: shown, found by their words, beside imports."""

from __future__ import annotations

from pathlib import Path

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
from tests.fakes import capabilities
from utils.contract import CaptionCapabilities, ErrorCode

pytestmark = pytest.mark.anyio

COLOURS = ("red", "green", "blue")
MADE_BY = "blip-test"


def captioning(*, available: bool = True, detail: str | None = None) -> FakeService:
    captions = CaptionCapabilities(
        available=available, model="fake-blip", fingerprint=MADE_BY, alone=True, detail=detail
    )
    return FakeService(told=capabilities().model_copy(update={"captions": captions}))


def pictures(folder: Path, *, each: int = 4) -> None:
    for number in range(each):
        for colour in COLOURS:
            paint(folder / "photos" / f"{colour[0]}{number}.png", colour, side_px=60 + number)


async def captioned(running: Running, **options: object) -> dict[str, object]:
    response = await running.post("/jobs", {"kind": "caption", "options": options})
    assert response.status_code == 202, response.text
    ended: dict[str, object] = await running.ended(response.json()["job_id"])
    return ended


async def found(running: Running, text: str, mode: str) -> set[str]:
    answer = await running.post("/search/text", {"query": text, "mode": mode, "limit": 50})
    assert answer.status_code == 200, answer.text
    return {hit["filename"] for hit in answer.json()["results"] if "words" in hit["found_by"]}


async def until_indexed(running: Running) -> None:
    store = running.app.state.services.ports.store
    with fail_after(PATIENCE_S):
        while (await store.size("default")).unindexed_points:
            await sleep(0.05)  # it is built by a process of its own


async def test_captions_are_found_by_their_words_and_the_vector_index_stays_whole(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, each=100)
    service = captioning()
    async with orchestrator(tmp_path, service=service, index_threshold_rows=256) as running:
        await running.ingested()
        size = running.app.state.services.ports.store.size
        await until_indexed(running)
        assert await found(running, "something", "text") == set()
        job = await captioned(running)
        assert job["state"] == "completed", job["reason"]
        assert (job["done"], job["total"]) == (300, 300)
        assert len(await found(running, "green", "text")) == 50
        hybrid = await found(running, '"something blue"', "hybrid")
        assert {name[0] for name in hybrid} == {"b"}
        after = await size("default")
        assert (after.points, after.unindexed_points) == (300, 0), "no row changed"
        again = await captioned(running)
        assert again["done"] == 0
        report = await running.get(f"/jobs/{job['job_id']}/report")
        assert report["numbers"] == {"captioned": 300, "failed": 0, "away": 0, "known": 0}


async def test_an_import_beside_it_and_after_it_leaves_the_captions_that_are_there(
    tmp_path: Path,
) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path, service=captioning()) as running:
        await running.ingested()
        response = await running.post("/jobs", {"kind": "caption"})
        paint(running.photos / "new.png", "red", side_px=99)
        imported = await running.ingested()
        await running.ended(response.json()["job_id"])
        assert imported["counts"]["embedded"] == 1
        await captioned(running)
        images = (await running.get("/images?limit=50"))["images"]
        assert len(images) == 13
        assert {one["caption"] for one in images} == {f"something {one}" for one in COLOURS}
        origins = [one["caption_origin"] for one in images]
        assert {(one["model"], one["fingerprint"]) for one in origins} == {("fake-blip", MADE_BY)}
        assert all(one["made_at"].startswith("20") for one in origins)
        (running.photos / "new.png").touch()
        await running.ingested(captions=False)
        images = (await running.get("/images?limit=50"))["images"]
        assert all(one["caption"] for one in images)


async def test_options_are_checked_and_without_a_captioner_the_cause_is_told(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, each=1)
    service = captioning(available=False, detail="Any one of these helps: BLIP_MODEL=...")
    async with orchestrator(tmp_path, service=service) as running:
        imported = await running.ingested(captions=True)
        assert "BLIP_MODEL" in str(imported["warnings"])
        told = await running.get("/capabilities")
        assert told["captions_available"] is False
        (captioner,) = told["captioners"]
        assert (captioner["name"], captioner["available"]) == ("service", False)
        assert "BLIP_MODEL" in captioner["detail"]
        wrong = {"kind": "caption", "options": {"filters": {"no_such": 1}}}
        check_problem(await running.post("/jobs", wrong), 400, ErrorCode.VALIDATION)
        wrong = {"kind": "caption", "options": {"captioner": "cats"}}
        check_problem(await running.post("/jobs", wrong), 400, ErrorCode.VALIDATION)
        job = await captioned(running)
        assert (job["state"], job["reason_code"]) == ("failed", "ERR_CAPTIONS_UNAVAILABLE")
        assert "BLIP_MODEL" in str(job["reason"])


async def test_the_times_of_filters_mean_the_same_after_a_restart(tmp_path: Path) -> None:
    pictures(tmp_path, each=1)
    async with orchestrator(tmp_path, service=captioning()) as running:
        await running.ingested()
        options = {"taken_after": "2019", "taken_before": "2020-06"}
        job = await captioned(running, filters=options)
        assert (job["state"], job["done"]) == ("completed", 0)
        services = running.app.state.services
        kept = await services.ports.ledger.jobs.find(job["job_id"])
        kind = services.scheduler.kinds.named("caption")
        given = kind.options.model_validate(kept.request.options)
        assert given.model_dump(mode="json") == kept.request.options
        assert given.filters.taken_before.isoformat().startswith("2020-06-30T23:59:59")
