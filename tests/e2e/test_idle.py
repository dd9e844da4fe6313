"""With both real services: a model that is unloaded between uses is there when it is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import STOP_LIMIT_S, Services, running, service_pair
from tests.e2e.rest import rest

UNLOADED = "photoseek_inference_model_loaded 0.0"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Services]:
    with running(service_pair(tmp_path), ML_IDLE_UNLOAD_S="0.5") as pair:
        yield pair


def until_unloaded(pair: Services) -> None:
    """While its health is asked for all the time."""
    limit_s = time.monotonic() + STOP_LIMIT_S
    with httpx.Client(base_url=pair.inference.url, trust_env=False, timeout=60) as http:
        while UNLOADED not in http.get("/metrics").text:
            assert http.get("/health/ready").status_code == 200
            assert time.monotonic() < limit_s, pair.inference.log()[-3000:]


def test_a_job_and_a_search_find_an_unloaded_model_and_wait_for_it(pair: Services) -> None:
    until_unloaded(pair)
    with rest(pair.orchestrator.url) as api:
        ready = api.http.get("/health/ready")
        assert ready.status_code == 200, ready.text
        assert (
            UNLOADED in httpx.get(f"{pair.inference.url}/metrics", trust_env=False, timeout=60).text
        )
        job = api.ingested(pair.pictures)
        assert job["state"] == "completed", job
        assert job["counts"]["embedded"] > 0
        assert "ERR_ML_UNAVAILABLE" not in job["errors_by_code"]
        assert "ERR_MODEL_LOADING" not in job["errors_by_code"]
        until_unloaded(pair)
        answer = api.http.post("/api/v1/search/text", json={"query": "a red circle"})
        assert "red" in answer.json()["results"][0]["path"]
