"""Collections that are deleted while everything else is asked of them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.errors import StoreWrite
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

ROUNDS = 10


def pictures(folder: Path) -> None:
    for colour in ("red", "green", "blue"):
        paint(folder / "photos" / f"{colour}.png", colour)


async def asked(running: Running, image_id: str, job_id: str) -> None:
    """One of everything that may be asked, each answered with 200 or 404."""
    http, prefix, name = running.http, "/api/v1", "collection=trips"
    blue = {"file": ("q.png", (running.photos / "blue.png").read_bytes())}
    for path in (
        "/collections",
        "/collections/trips",
        f"/images?{name}",
        f"/images/{image_id}?{name}",
        f"/images/{image_id}/thumbnail?{name}",
        f"/images/{image_id}/file?{name}",
        f"/images/{image_id}/similar?{name}",
        "/jobs",
        f"/jobs/{job_id}",
        f"/jobs/{job_id}/failures",
        f"/jobs/{job_id}/log",
        f"/jobs/{job_id}/events",
    ):
        answer = await http.get(prefix + path)
        assert answer.status_code in (200, 404), f"{path}: {answer.text}"
    body = {"query": "red", "collection": "trips"}
    by_text = await http.post(f"{prefix}/search/text", json=body)
    assert by_text.status_code in (200, 404), by_text.text
    data = {"collection": "trips"}
    by_image = await http.post(f"{prefix}/search/image", files=blue, data=data)
    assert by_image.status_code in (200, 404), by_image.text
    retried = await http.post(f"{prefix}/jobs/{job_id}/retry-failed")
    assert retried.status_code in (404, 409), retried.text


async def test_what_is_asked_of_a_collection_beside_its_deletion_is_200_or_404(
    tmp_path: Path,
) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        over: list[bool] = []

        async def ask_on(image_id: str, job_id: str) -> None:
            while not over:
                await asked(running, image_id, job_id)

        for _ in range(ROUNDS):
            assert (await running.post("/collections", {"name": "trips"})).status_code == 201
            job = await running.ingested(collection="trips")
            image_id = (await running.get("/images?collection=trips"))["images"][0]["id"]
            over.clear()
            async with create_task_group() as tg:
                for _ in range(4):
                    tg.start_soon(ask_on, image_id, job["job_id"])
                await running.get("/collections")
                deleted = await running.http.delete("/api/v1/collections/trips")
                assert deleted.status_code == 204
                await asked(running, image_id, job["job_id"])
                over.append(True)


async def test_an_ingest_beside_a_deletion_is_refused_or_ends(tmp_path: Path) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        answers: dict[str, httpx.Response] = {}

        async def delete() -> None:
            answers["delete"] = await running.http.delete("/api/v1/collections/trips")

        async def ingest() -> None:
            body = {"directory_path": str(running.photos), "collection": "trips"}
            answers["ingest"] = await running.post("/ingest", body)

        for number in range(ROUNDS):
            await running.post("/collections", {"name": "trips"})
            await running.ingested(collection="trips")
            async with create_task_group() as tg:
                for call in (delete, ingest) if number % 2 else (ingest, delete):
                    tg.start_soon(call)
            said = answers["ingest"].status_code, answers["delete"].status_code
            assert said in ((202, 409), (404, 204)), said
            if said[0] == 202:
                job = await running.ended(answers["ingest"].json()["job_id"])
                assert job["state"] == "completed"
                await delete()


async def test_first_ingests_at_once_are_all_accepted(tmp_path: Path) -> None:
    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        answers: list[httpx.Response] = []

        async def first() -> None:
            answers.append(await running.post("/ingest", {"directory_path": str(running.photos)}))

        async with create_task_group() as tg:
            for _ in range(5):
                tg.start_soon(first)
        assert [answer.status_code for answer in answers] == [202] * 5
        for answer in answers:
            assert (await running.ended(answer.json()["job_id"]))["state"] == "completed"
        assert (await running.get("/collections/default"))["count"] == 3


async def test_a_deletion_that_was_cut_off_ends_before_its_name_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_collection: str) -> None:
        raise StoreWrite("The disk is gone.")

    pictures(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "trips"})
        await running.ingested(collection="trips")
        store = running.app.state.services.ports.store
        monkeypatch.setattr(store, "drop", broken)
        deleted = await running.http.delete("/api/v1/collections/trips")
        check_problem(deleted, 503, ErrorCode.STORE_WRITE)
        gone = await running.http.get("/api/v1/collections/trips")
        check_problem(gone, 404, ErrorCode.COLLECTION_NOT_FOUND)
        again = await running.post("/collections", {"name": "trips"})
        check_problem(again, 503, ErrorCode.STORE_WRITE)
        monkeypatch.undo()
        assert (await running.post("/collections", {"name": "trips"})).status_code == 201
        assert not await store.exists("trips")
        await running.ingested(collection="trips")
        monkeypatch.setattr(store, "drop", broken)
        await running.http.delete("/api/v1/collections/trips")
        monkeypatch.undo()
        assert await store.exists("trips")
    async with orchestrator(tmp_path) as running:
        services = running.app.state.services
        assert not await services.ports.store.exists("trips")
        assert await services.ports.ledger.collections.dropped_tables() == []
