"""The services as real processes for a benchmark, with a folder of their own."""

from __future__ import annotations

import argparse
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import psutil

from benchmarks.report import BenchmarkFailed
from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.up import launcher
from ingestion_orchestration_fastapi_app.cli.up.run import Plan, wanted_services
from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import TINY_MODEL
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.contract import IngestRequest, JobReply, JobState

READY_LIMIT_S = 300.0
POLL_S = 0.1
COLLECTION = "benchmark"
ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Both:
    """The services while they run. The URLs have no path."""

    api: OrchestratorApi
    orchestrator: psutil.Process
    orchestrator_url: str
    inference: psutil.Process
    inference_url: str


@asynccontextmanager
async def both_services(
    folder: Path,
    *photos: Path,
    model: str = TINY_MODEL,
    pretrained: str = "",
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Both]:
    """Until the block ends. Everything but what this names is as the environment says.

    `more` is set in the environment of both.

    Raises:
        LaunchFailed: a service did not come up.
    """
    ml_port, port = free_ports(2)
    environment = {
        **_of_orchestrator(folder, photos, ml_port=ml_port),
        "ML_API_KEY": "",
        "CLIP_MODEL": model,
        "CLIP_PRETRAINED": pretrained,
        **(more or {}),
    }
    settings = _settings(folder, environment, port=port)
    services = wanted_services(Plan(settings, COLLECTION, environment=environment))
    async with launcher.services(services) as running:
        urls = {service.name: service.url for service in services}
        await launcher.wait_until_ready(urls, limit_s=READY_LIMIT_S, show=lambda _text: None)
        async with OrchestratorApi(services[-1].url) as api:
            inference, orchestrator = (psutil.Process(one.process.pid) for one in running)
            yield Both(
                api,
                orchestrator,
                services[-1].url,
                inference,
                environment["ML_INFERENCE_SERVICE_URL"],
            )


def add_clip_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="ViT-B-32", help="as CLIP_MODEL")
    parser.add_argument("--pretrained", default="none", help="as CLIP_PRETRAINED")


def clip_environment(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """What those options say, for `inference_service`, without captions."""
    return {
        "CLIP_MODEL": options.model,
        "CLIP_PRETRAINED": options.pretrained,
        "MODEL_CACHE_DIR": str(folder / "models"),
        "DISABLE_CAPTIONS": "1",
    }


@asynccontextmanager
async def inference_service(
    folder: Path, *, environment: Mapping[str, str]
) -> AsyncIterator[launcher.RunningService]:
    """Only this one, ready, until the block ends. As `both_services` otherwise.

    Raises:
        LaunchFailed: it did not come up.
    """
    (port,) = free_ports(1)
    settings = Settings(
        data_dir=folder / "data",
        ml_inference_service_url=f"http://127.0.0.1:{port}",
        api_key=None,
        ml_api_key=None,
    )
    async with _alone(wanted_services(Plan(settings, "benchmark", environment=environment))[0]) as (
        running
    ):
        yield running


@asynccontextmanager
async def orchestrator_service(
    folder: Path, *photos: Path
) -> AsyncIterator[launcher.RunningService]:
    """Only this one, over `folder/data`, ready, until the block ends; no inference service answers.

    Raises:
        LaunchFailed: it did not come up.
    """
    ml_port, port = free_ports(2)
    environment = _of_orchestrator(folder, photos, ml_port=ml_port)
    settings = _settings(folder, environment, port=port)
    service = wanted_services(Plan(settings, COLLECTION, environment=environment))[-1]
    async with _alone(service) as running:
        yield running


def _of_orchestrator(folder: Path, photos: Iterable[Path], *, ml_port: int) -> dict[str, str]:
    """What it is told by its environment."""
    return {
        "DATA_DIR": str(folder / "data"),
        "STORE_URI": "",
        "DISKCACHE_DIR": "",
        "API_KEY": "",
        "INGEST_ROOTS": ":".join(map(str, photos)),
        "ML_INFERENCE_SERVICE_URL": f"http://127.0.0.1:{ml_port}",
    }


def _settings(folder: Path, environment: Mapping[str, str], *, port: int) -> Settings:
    return Settings(
        data_dir=folder / "data",
        orchestrator_host="127.0.0.1",
        orchestrator_port=port,
        ml_inference_service_url=environment["ML_INFERENCE_SERVICE_URL"],
        api_key=None,
    )


@asynccontextmanager
async def _alone(service: launcher.Service) -> AsyncIterator[launcher.RunningService]:
    async with launcher.services([service]) as (running,):
        urls = {service.name: service.url}
        await launcher.wait_until_ready(urls, limit_s=READY_LIMIT_S, show=lambda _text: None)
        yield running


async def ingested(api: OrchestratorApi, directory: Path, *, images: int) -> JobReply:
    """A job that opens and embeds every file anew, seen to its end.

    Raises:
        BenchmarkFailed: not every image was embedded.
    """
    job = await ended(api, await started(api, directory, force=True))
    if job.counts.embedded != images:
        raise BenchmarkFailed(f"{job.counts.embedded} of {images} images: {job.errors_by_code}")
    return job


async def started(api: OrchestratorApi, directory: Path, *, force: bool = False) -> str:
    """The id of a job on the directory."""
    await api.ensure_collection(COLLECTION)
    request = IngestRequest(directory_path=str(directory), collection=COLLECTION, force=force)
    return (await api.start_ingest(request)).job_id


async def ended(
    api: OrchestratorApi, job_id: str, *, meanwhile: Callable[[JobReply], None] = lambda _job: None
) -> JobReply:
    """The job at its end; `meanwhile` sees it ten times a second until then.

    Raises:
        BenchmarkFailed: it did not complete.
    """
    while (job := await api.get_job(job_id)).state not in ENDED:
        meanwhile(job)
        await anyio.sleep(POLL_S)
    if job.state is not JobState.COMPLETED:
        raise BenchmarkFailed(f"the job is {job.state}: {job.reason}")
    return job


def spent_s(job: JobReply) -> float:
    """From the job's start to its end, by the orchestrator's clock."""
    assert job.started_at is not None
    assert job.finished_at is not None
    return (job.finished_at - job.started_at).total_seconds()


def free_ports(count: int) -> list[int]:
    """Distinct ports on which nobody listens now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
