"""Searches through a whole re-embedding: none fails, and each answer is of one model alone."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx
import numpy as np
import pytest
from anyio import create_task_group, fail_after, sleep

from ingestion_orchestration_fastapi_app.reembed import passes
from tests.component.orchestrator_app import (
    COLOURS,
    PATIENCE_S,
    FakeService,
    Running,
    check_problem,
    colour_vector,
    orchestrator,
    paint,
    parts_of,
    refusal,
)
from tests.component.reembed_steps import OTHER, OTHER_DIM, other_capabilities
from tests.fakes import FINGERPRINT
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

IMAGES = 40
NEAR, FAR = 0.9, 0.61  # of "red" and a red picture: above by the one model, below by the other


def turned(vector: list[float]) -> list[float]:
    """By the other model nothing is nearer to a text than 0.6."""
    longer = np.zeros(OTHER_DIM, dtype=np.float32)
    longer[: len(vector)] = vector
    longer *= 0.6
    longer[-1] = 0.8
    return [float(one) for one in longer]


def encoded(vector: list[float]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


@dataclass
class TwoServices(FakeService):
    """One of each model, by the host that is asked."""

    is_busy: bool = False  # the other model's

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "other":
            return super().__call__(request)
        path = request.url.path.removeprefix("/api/v1/")
        if path == "capabilities":
            return httpx.Response(200, text=other_capabilities().model_dump_json())
        if path == "embed_text":
            text = json.loads(request.content)["texts"][0]
            colour = COLOURS.get(text, [1, 1, 1])
            unit = np.zeros(OTHER_DIM)
            unit[:3] = np.asarray(colour) / np.linalg.norm(colour)
            reply = {"embeddings": [unit.tolist()], "fingerprint": OTHER, "truncated": [False]}
            return httpx.Response(200, json=reply)
        parts = parts_of(request.headers["Content-Type"], request.content)
        if self.is_busy:
            return refusal(429, ErrorCode.GPU_BUSY)
        vectors = [(name, turned(colour_vector(data))) for name, data in parts]
        results = [{"id": name, "embedding": encoded(vector)} for name, vector in vectors]
        return httpx.Response(200, json={"results": results, "fingerprint": OTHER})


SERVICES: dict[str, Any] = {"ml_inference_service_url": "http://one,http://other"}


def fill(running: Running) -> None:
    for number in range(IMAGES):
        paint(running.photos / f"{number}.png", "red", side_px=60 + number)


async def generations(running: Running) -> Any:
    return (await running.get("/collections/default/generations"))["generations"]


async def reembed(running: Running, **body: object) -> httpx.Response:
    return await running.post("/collections/default/reembed", body)


async def test_searches_are_answered_by_one_model_and_then_by_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "LAST_PASS_FILES", 10)  # so that there are several passes
    async with orchestrator(
        tmp_path, service=TwoServices(), store_group_rows=7, store_linger_s=0.01, **SERVICES
    ) as running:
        fill(running)
        await running.ingested()
        image_id = (await running.get("/images"))["images"][0]["id"]
        seen: Counter[tuple[str, str]] = Counter()
        paths = ("/search/text", f"/images/{image_id}/similar?limit={IMAGES}")
        over: list[bool] = []

        async def ask(path: str, body: object = None) -> None:
            while not over:
                if body is None:
                    response = await running.http.get(f"/api/v1{path}")
                else:
                    response = await running.post(path, body)
                seen[path, of_one_model(response)] += 1
                await anyio.lowlevel.checkpoint()

        async with create_task_group() as tg:
            for _ in range(2):
                tg.start_soon(ask, paths[0], {"query": "red", "limit": IMAGES})
            tg.start_soon(ask, paths[1])
            for way in ("there", "back", "and there again"):
                if way == "back":
                    first = (await generations(running))[0]
                    path = f"/collections/default/generations/{first['id']}/activate"
                    assert (await running.post(path, {})).status_code == 200
                else:
                    accepted = await reembed(running, model="another")
                    assert accepted.status_code == 202, accepted.text
                    job = await running.ended(accepted.json()["job_id"])
                    assert job["state"] == "completed", job
                    assert (job["done"], job["total"]) == (job["counts"]["found"],) * 2
                now = "fake" if way == "back" else "another"
                wanted = {path: seen[path, now] + 4 for path in paths}
                with fail_after(PATIENCE_S):
                    while any(seen[path, now] < count for path, count in wanted.items()):
                        await sleep(0.005)
            over.append(True)
        for path in paths:
            assert seen[path, "fake"] > 3
            assert seen[path, "another"] > 7
        assert (await running.get("/collections/default"))["count"] == IMAGES


def of_one_model(response: httpx.Response) -> str:
    """Which one, by all that the answer says."""
    assert response.status_code == 200, response.text
    reply = response.json()
    scores = [hit["score"] for hit in reply["results"]]
    if "similar" in str(response.request.url):
        assert len(scores) == IMAGES - 1
        return str(reply["model"])
    assert len(scores) == IMAGES
    by = {"fake": min(scores) > NEAR, "another": max(scores) < FAR}
    assert by[reply["model"]], (reply["model"], min(scores), max(scores))
    return str(reply["model"])


async def test_a_page_that_began_before_the_switch_is_refused_and_says_so(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, service=TwoServices(), **SERVICES) as running:
        fill(running)
        await running.ingested()
        query: dict[str, Any] = {"query": "red", "limit": 5}
        cursor = (await running.post("/search/text", query)).json()["cursor"]
        assert (await running.post("/search/text", {**query, "cursor": cursor})).is_success
        accepted = await reembed(running)
        assert (await running.ended(accepted.json()["job_id"]))["state"] == "completed"
        refused = await running.post("/search/text", {**query, "cursor": cursor})
        check_problem(refused, 400, ErrorCode.CURSOR)
        assert "Search anew" in refused.json()["detail"]


async def test_what_cannot_be_asked_for_is_said_before_a_job_is_made(tmp_path: Path) -> None:
    service = TwoServices()
    async with orchestrator(tmp_path, service=service, **SERVICES) as running:
        fill(running)
        assert (await running.post("/collections", {"name": "default"})).status_code == 201
        check_problem(await reembed(running), 409, ErrorCode.GENERATION_STATE)
        await running.ingested()
        before = (await running.get("/jobs"))["jobs"]
        unknown = await reembed(running, model="nobody")
        check_problem(unknown, 409, ErrorCode.MODEL_MISMATCH)
        assert f"fake ({FINGERPRINT}), another ({OTHER})" in unknown.json()["detail"]
        own = await reembed(running, fingerprint=FINGERPRINT)
        check_problem(own, 409, ErrorCode.GENERATION_STATE)
        check_problem(await reembed(running, modl="x"), 400, ErrorCode.VALIDATION)
        nobody = await running.post("/collections/nobody/reembed", {})
        check_problem(nobody, 404, ErrorCode.COLLECTION_NOT_FOUND)
        gone = {"kind": "reembed", "options": {"generation_id": 99}}
        job = await running.ended((await running.post("/jobs", gone)).json()["job_id"])
        assert (job["state"], job["reason_code"]) == ("failed", "ERR_GENERATION_NOT_FOUND")
        assert len((await running.get("/jobs"))["jobs"]) == len(before) + 1
        assert len(await generations(running)) == 1


async def test_an_unfinished_job_is_given_again_and_keeps_its_generation(tmp_path: Path) -> None:
    service = TwoServices()
    async with orchestrator(tmp_path, service=service, **SERVICES) as running:
        fill(running)
        await running.ingested()
        service.is_busy = True
        accepted = await reembed(running, fingerprint=OTHER)
        assert accepted.headers["Location"] == accepted.json()["status_url"]
        job_id = accepted.json()["job_id"]
        paused = (await running.post(f"/jobs/{job_id}/pause", None)).json()
        assert (paused["state"], paused["kind"]) == ("paused", "reembed")
        assert (await reembed(running, model="another")).json()["job_id"] == job_id
        other = (await generations(running))[1]
        assert (other["state"], other["missing"]) == ("filling", IMAGES)
        path = f"/api/v1/collections/default/generations/{other['id']}"
        check_problem(await running.http.delete(path), 409, ErrorCode.JOB_STATE)
        service.is_busy = False
        await running.post(f"/jobs/{job_id}/resume", None)
        assert (await running.ended(job_id))["state"] == "completed"
        assert (await running.get("/collections/default"))["fingerprint"] == OTHER
        report = await running.get(f"/jobs/{job_id}/report")
        assert report["numbers"] == {"points": IMAGES, "filled": IMAGES}
