"""`kill -9` of either service in the middle of a job costs nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lancedb
import pytest

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, draw, scenes
from tests.e2e.conftest import Services, service_pair
from tests.e2e.rest import rest

IMAGES = 240
COPIES = 10


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services of our own, to be killed; small groups, so that a job has many durable steps."""
    pair = service_pair(tmp_path_factory.mktemp("killed"))
    draw_library(pair.pictures)
    small_groups = {"STORE_GROUP_ROWS": "8", "ML_INFERENCE_BATCH_SIZE": "8"}
    pair.orchestrator.environment = {**pair.orchestrator.environment, **small_groups}
    try:
        pair.inference.start()
        pair.orchestrator.start()
        yield pair
    finally:
        pair.orchestrator.stop()
        pair.inference.stop()


def draw_library(folder: Path) -> None:
    folder.mkdir()
    for number, scene in enumerate(scenes()[:IMAGES]):
        picture = draw(scene, FIRST_HELD_OUT_SEED + number, width_px=160)
        picture.save(folder / f"{number:03d}.png")
    for number in range(COPIES):
        data = (folder / f"{number:03d}.png").read_bytes()
        (folder / f"copy {number}.png").write_bytes(data)
    (folder / "corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 100)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")


EXPECTED = {
    "found": IMAGES + COPIES + 3,
    "unchanged": 0,
    "cached": COPIES,
    "embedded": IMAGES,
    "failed": 2,
    "skipped": 1,
    "pending": 0,
}


def stored_ids(services: Services, collection: str) -> list[str]:
    """Every row's id, read from the table's files by a process of its own."""

    async def ids() -> list[str]:
        database = await lancedb.connect_async(str(services.data_dir / "store"))
        table = await database.open_table(collection)
        rows = await table.query().select(["id"]).to_list()
        return [str(row["id"]) for row in rows]

    return asyncio.run(ids())


def forget_contents(services: Services) -> None:
    """Empties the cache by content, so that the next job embeds again."""
    cache = services.data_dir / "cache"
    for found in sorted(cache.rglob("*")):
        if found.is_file():
            found.unlink()


def check_whole(services: Services, job: Any, collection: str) -> None:
    assert job["state"] == "completed", job
    assert job["counts"] == EXPECTED
    rows = Counter(stored_ids(services, collection))
    assert len(rows) == IMAGES + COPIES
    assert set(rows.values()) == {1}


@pytest.mark.parametrize("kills", [(1,), (40, 41, 160), (100, 239)])
def test_a_killed_orchestrator_goes_on_where_it_was(pair: Services, kills: tuple[int, ...]) -> None:
    """Killed when so many images had their end; started again it completes by itself."""
    collection = "killed-" + "-".join(map(str, kills))
    pair.orchestrator.stop()
    forget_contents(pair)
    pair.orchestrator.start()
    with rest(pair.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": collection})
        job_id = api.start(pair.pictures, collection=collection)
        for images in kills:
            before = api.until(
                job_id,
                lambda job, images=images: job["counts"]["embedded"] >= images,  # type: ignore[misc]  # bound now
            )
            pair.orchestrator.kill()
            pair.orchestrator.start()
            after = api.job(job_id)
            assert after["counts"]["embedded"] >= before["counts"]["embedded"]
            assert after["counts"]["found"] >= before["counts"]["found"]
        check_whole(pair, api.ended(job_id), collection)


def test_a_paused_job_stays_paused_and_a_cancelled_one_cancelled_when_killed(
    pair: Services,
) -> None:
    pair.orchestrator.stop()
    forget_contents(pair)
    pair.orchestrator.start()
    with rest(pair.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": "paused"})
        job_id = api.start(pair.pictures, collection="paused")
        api.until(job_id, lambda job: job["counts"]["embedded"] >= 20)
        paused = api.call("POST", f"/jobs/{job_id}/pause")
        pair.orchestrator.kill()
        pair.orchestrator.start()
        kept = api.job(job_id)
        assert (kept["state"], kept["counts"]) == ("paused", paused["counts"])
        assert kept["counts"]["pending"] > 0
        api.call("POST", f"/jobs/{job_id}/resume")
        check_whole(pair, api.ended(job_id), "paused")
        again = api.start(pair.pictures, collection="paused", force=True)
        api.until(again, lambda job: job["counts"]["embedded"] >= 20)
        cancelled = api.call("POST", f"/jobs/{again}/cancel")
        pair.orchestrator.kill()
        pair.orchestrator.start()
        kept = api.job(again)
        assert (kept["state"], kept["counts"]) == ("cancelled", cancelled["counts"])
        assert set(Counter(stored_ids(pair, "paused")).values()) == {1}


def test_a_killed_inference_service_is_waited_for(pair: Services) -> None:
    pair.orchestrator.stop()
    forget_contents(pair)
    pair.orchestrator.start()
    with rest(pair.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": "ml-killed"})
        job_id = api.start(pair.pictures, collection="ml-killed")
        api.until(job_id, lambda job: job["counts"]["embedded"] >= 30)
        pair.inference.kill()
        waiting = api.until(job_id, lambda job: job["state"] == "waiting_for_ml")
        assert waiting["counts"]["failed"] <= EXPECTED["failed"]
        pair.inference.start()
        check_whole(pair, api.ended(job_id), "ml-killed")


def test_listeners_are_sent_home_in_order_when_the_service_stops(pair: Services) -> None:
    pair.orchestrator.stop()
    forget_contents(pair)
    pair.orchestrator.start()
    with rest(pair.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": "listened"})
        job_id = api.start(pair.pictures, collection="listened")
        api.call("POST", f"/jobs/{job_id}/pause")
        with api.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            lines = answer.iter_lines()
            assert '"state":"paused"' in next(lines)
            pair.orchestrator.stop()
            assert all(not line or line.startswith(":") for line in lines)  # and no broken stream
