"""Two inference processes: one is killed in the middle of a job, and helps again later."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from benchmarks.services import free_ports
from tests.e2e.conftest import ServiceProcess, Services, service_pair
from tests.e2e.rest import rest
from tests.e2e.test_kill import EXPECTED, check_whole, draw_library

URL = "ML_INFERENCE_SERVICE_URL"


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, ServiceProcess]]:
    """The orchestrator, the first inference service of its list, and the second."""
    folder = tmp_path_factory.mktemp("several")
    pair = service_pair(folder)
    draw_library(pair.pictures)
    first, [port] = pair.inference, free_ports(1)
    second = replace(
        first,
        name="second",
        port=port,
        environment={**first.environment, "ML_PORT": str(port)},
        log_path=folder / "second.log",
    )
    pair.orchestrator.environment = {
        **pair.orchestrator.environment,
        URL: f"{first.url},{second.url}",
        "STORE_GROUP_ROWS": "8",
        "ML_INFERENCE_BATCH_SIZE": "4",
    }
    try:
        for service in (first, second):
            service.start(wait=False)
        for service in (first, second):
            service.wait_ready()
        pair.orchestrator.start()
        yield pair, second
    finally:
        pair.orchestrator.stop()
        for service in (first, second):
            service.stop()


def batches(service: ServiceProcess) -> float:
    """How many it has answered since it started."""
    told = httpx.get(f"{service.url}/metrics", trust_env=False, timeout=60).text
    found = re.search(r"^photoseek_inference_batches_total (\S+)$", told, re.MULTILINE)
    assert found is not None
    return float(found[1])


def events(job: dict[str, Any], service: ServiceProcess) -> set[str]:
    """What the job's log tells of the service."""
    return {line["event"] for line in job["log"] if service.url in line["detail"]}


@contextmanager
def standing_still(service: ServiceProcess) -> Iterator[None]:
    os.killpg(service.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(service.pid, signal.SIGCONT)


def test_a_service_that_is_killed_and_comes_back_costs_nothing(
    three: tuple[Services, ServiceProcess],
) -> None:
    pair, second = three
    with rest(pair.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": "several"})
        job_id = api.start(pair.pictures, collection="several")
        api.until(job_id, lambda job: job["counts"]["embedded"] >= 20)
        assert batches(pair.inference) > 0
        pair.inference.kill()
        api.until(job_id, lambda job: job["counts"]["embedded"] >= 60)  # by the other alone
        with standing_still(second):
            pair.inference.start()
            api.until(job_id, lambda job: "ml_service_back" in events(job, pair.inference))
            api.until(job_id, lambda job: batches(pair.inference) > 0)  # since it is back
        job = api.ended(job_id)
        check_whole(pair, job, "several")
        assert batches(second) > 0
        assert {"embed_deferred", "ml_service_back"} <= events(job, pair.inference)
        told = api.call("GET", "/capabilities")["inference_services"]
        assert [one["state"] for one in told] == ["ready", "ready"]
        again = api.ingested(pair.pictures, collection="several")
        assert again["counts"]["unchanged"] == EXPECTED["embedded"] + EXPECTED["cached"]
