"""Both services as real processes for a benchmark, with a folder of their own."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from ingestion_orchestration_fastapi_app import launcher
from ingestion_orchestration_fastapi_app.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.up import TINY_MODEL, Plan, wanted_services
from utils.contract import IngestRequest, JobReply, JobState

READY_LIMIT_S = 300.0
POLL_S = 0.1
ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


class BenchmarkFailed(Exception):
    """What was to be measured did not happen."""


@asynccontextmanager
async def both_services(
    folder: Path, photos: Path, *, model: str = TINY_MODEL, pretrained: str = ""
) -> AsyncIterator[OrchestratorApi]:
    """Until the block ends. Everything but what this names is as the environment says.

    Raises:
        LaunchFailed: a service did not come up.
    """
    ml_port, port = _free_ports(2)
    environment = {
        "DATA_DIR": str(folder / "data"),
        "STORE_URI": "",
        "DISKCACHE_DIR": "",
        "API_KEY": "",
        "ML_API_KEY": "",
        "CLIP_MODEL": model,
        "CLIP_PRETRAINED": pretrained,
        "ML_INFERENCE_SERVICE_URL": f"http://127.0.0.1:{ml_port}",
    }
    settings = Settings(
        data_dir=folder / "data",
        orchestrator_host="127.0.0.1",
        orchestrator_port=port,
        ml_inference_service_url=environment["ML_INFERENCE_SERVICE_URL"],
        ingest_roots=(photos,),
        api_key=None,
    )
    services = wanted_services(Plan(settings, "benchmark", environment=environment))
    async with launcher.services(services):
        urls = {service.name: service.url for service in services}
        await launcher.wait_until_ready(urls, limit_s=READY_LIMIT_S, show=lambda _text: None)
        async with OrchestratorApi(services[-1].url) as api:
            yield api


async def ingested(api: OrchestratorApi, directory: Path, *, images: int) -> JobReply:
    """A job that opens and embeds every file anew, seen to its end.

    Raises:
        BenchmarkFailed: not every image was embedded.
    """
    await api.ensure_collection("benchmark")
    request = IngestRequest(directory_path=str(directory), collection="benchmark", force=True)
    accepted = await api.ingest(request)
    while (job := await api.job(accepted.job_id)).state not in ENDED:  # noqa: ASYNC110  # over HTTP
        await anyio.sleep(POLL_S)
    if job.counts.embedded != images:
        raise BenchmarkFailed(f"{job.counts.embedded} of {images} images: {job.errors_by_code}")
    return job


def spent_s(job: JobReply) -> float:
    """From the job's start to its end, by the orchestrator's clock."""
    assert job.started_at is not None
    assert job.finished_at is not None
    return (job.finished_at - job.started_at).total_seconds()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
