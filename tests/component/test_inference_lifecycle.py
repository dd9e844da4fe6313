"""From starting to ending: loading, missing weights, a dead thread, a drifting model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import anyio.to_thread
import httpx
import pytest

from ml_inference_fastapi_app.backends.base import ClipOptions, ModelMissingError, OnPhase
from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.settings import Settings
from tests.component.inference_fakes import (
    FakeEmbedder,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    quiet,
    served,
    settings,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

BATCH_URL = "/api/v1/batch_embed_and_caption"


async def test_a_service_that_loads_is_live_and_says_when_to_come_back() -> None:
    embedder, finish = FakeEmbedder(), threading.Event()

    def load(_options: ClipOptions, _on_phase: OnPhase) -> FakeEmbedder:
        assert finish.wait(20)
        return embedder

    async with (
        served(embedder, load=load) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        assert (await client.get("/health/live")).json()["status"] == "ok"
        for response in (
            await client.get("/health/ready"),
            await client.get("/api/v1/capabilities"),
            await client.post(BATCH_URL, files=files(("a", b"x"))),
            await client.post("/api/v1/embed_text", json={"texts": ["a"]}),
        ):
            problem = problem_of(response)
            assert (problem.status, problem.code) == (503, ErrorCode.MODEL_LOADING)
            assert int(response.headers["Retry-After"]) >= 1
            assert problem.eta_s is not None
            assert problem.eta_s >= 1
        finish.set()
        await loaded(client)
        assert (await client.get("/health/ready")).json() == {"status": "ok", "detail": None}


async def test_a_later_start_tries_what_an_earlier_one_found_instead_of_searching_again(
    tmp_path: Path,
) -> None:
    runs: list[int] = []
    found: list[int] = []
    while len(runs) < 2 or (runs[-1] > 5 and len(runs) < 6):  # a busy moment is searched anew
        embedder = FakeEmbedder()
        async with (
            served(embedder, model_cache_dir=tmp_path) as service,
            httpx.AsyncClient(base_url=service.url, timeout=60) as client,
        ):
            await loaded(client)
            found.append((await client.get("/api/v1/capabilities")).json()["safe_clip_batch"])
        runs.append(len(embedder.calls))
    assert len(set(found)) == 1
    assert runs[-1] <= 5 < runs[0]


async def test_missing_weights_end_the_service_with_the_remedies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def load(_options: ClipOptions, _on_phase: OnPhase) -> FakeEmbedder:
        raise ModelMissingError("Tried this; do that.")

    async with (
        served(FakeEmbedder(), load=load) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        assert await anyio.to_thread.run_sync(service.fatal.wait, 60)
        response = await client.get("/health/ready")
        assert (response.status_code, problem_of(response).code) == (503, ErrorCode.ML_UNAVAILABLE)
    assert "ERR_MODEL_MISSING: Tried this; do that." in capsys.readouterr().err


def ended(**environment: str) -> subprocess.CompletedProcess[str]:
    """The service as a process of its own, once it has ended. Blocking."""
    return subprocess.run(
        [sys.executable, "-m", "ml_inference_fastapi_app"],
        env={**os.environ, **environment},  # noqa: TID251  # what an interpreter needs
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_process_of_a_missing_model_does_not_end_with_0() -> None:
    run = ended(CLIP_MODEL="local-dir:/nowhere/at/all", ML_PORT="0")
    assert run.returncode == 1
    assert "ERR_MODEL_MISSING" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_invalid_setting_is_named_before_anything_starts() -> None:
    run = ended(ML_PORT="high")
    assert run.returncode == 2
    assert run.stderr.startswith("A setting is not valid: ml_port:")


def test_ctrl_c_while_the_model_loads_ends_the_service_cleanly() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ml_inference_fastapi_app"],
        env={**os.environ, "CLIP_MODEL": "tiny-shapes", "ML_PORT": "0"},  # noqa: TID251  # as above
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stderr is not None
        lines = iter(service.stderr.readline, "")
        assert any("Uvicorn running" in line for line in lines)
        service.send_signal(signal.SIGINT)
        rest = "".join(lines)
    assert service.returncode == 0
    assert "Traceback" not in rest


async def test_the_model_threads_death_makes_ready_false_and_ends_the_process() -> None:
    embedder = FakeEmbedder()

    def die(_image: object) -> bool:
        raise SystemExit

    with quiet():
        async with (
            served(embedder) as service,
            httpx.AsyncClient(base_url=service.url, timeout=60) as client,
        ):
            await loaded(client)
            embedder.poison = die
            response = await client.post(BATCH_URL, files=files(("a", ppm(picture(1)))))
            assert problem_of(response).code is ErrorCode.ML_UNAVAILABLE
            assert (await client.get("/health/ready")).status_code == 503
            assert await anyio.to_thread.run_sync(service.fatal.wait, 60)


async def test_ready_means_that_a_known_image_still_gives_its_vector() -> None:
    embedder = FakeEmbedder()
    async with (
        served(embedder) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        embedder.drift = 1
        problem = problem_of(await client.get("/health/ready"))
        assert (problem.status, problem.code) == (503, ErrorCode.ML_UNAVAILABLE)
        embedder.drift = 0
        assert (await client.get("/health/ready")).status_code == 200


async def test_ready_is_false_when_the_canary_is_not_answered_in_time() -> None:
    embedder = FakeEmbedder()
    async with (
        served(embedder, ml_ready_timeout_s=0.1) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        embedder.gate.clear()
        assert "within 0.1 s" in problem_of(await client.get("/health/ready")).detail


async def test_the_api_key_guards_everything_but_health() -> None:
    async with (
        served(FakeEmbedder(), api_key="k") as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        refused = await client.post(BATCH_URL, files=files(("a", ppm(picture(1)))))
        assert problem_of(refused).code is ErrorCode.UNAUTHORIZED
        assert (await client.get("/health/live")).status_code == 200
        client.headers["X-API-Key"] = "k"
        await loaded(client)


async def test_metrics_tell_images_by_outcome_and_the_safe_batch() -> None:
    async with (
        served(FakeEmbedder(), ml_max_batch=30) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        await client.post(BATCH_URL, files=files(("a", ppm(picture(1))), ("b", b"")))
        text = (await client.get("/metrics")).text
        assert 'photoseek_inference_images_total{outcome="embedded"} 1.0' in text
        assert 'photoseek_inference_images_total{outcome="ERR_FILE_EMPTY"} 1.0' in text
        assert "photoseek_inference_safe_batch 30.0" in text
        assert "photoseek_inference_queued 0.0" in text
        assert "photoseek_inference_model_loaded 1.0" in text
        assert 'photoseek_inference_model_info{backend="fake",compiled="false"' in text


def test_making_an_app_starts_nothing() -> None:
    before = set(threading.enumerate())  # those of earlier tests may end meanwhile
    create_app(settings())
    assert set(threading.enumerate()) <= before


def test_every_setting_is_described_in_one_line() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert "\n" not in field.description


def test_names_that_users_know_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISABLE_CAPTIONS", "1")
    monkeypatch.setenv("CLIP_MODEL", "tiny-shapes")
    monkeypatch.setenv("CLIP_PRETRAINED", "")
    given = Settings()
    assert (given.disable_captions, given.clip_model) == (True, "tiny-shapes")
    assert given.clip_pretrained == "datacomp_xl_s13b_b90k", "empty means the default"
