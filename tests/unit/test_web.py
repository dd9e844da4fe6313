"""What both services' HTTP side shares."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from utils.contract import ErrorCode, ProblemBody
from utils.problems import BatchTooLarge, GpuBusy
from utils.web.install import install_web
from utils.web.logs import setup_logging
from utils.web.problem_responses import DrainBounds

pytestmark = pytest.mark.anyio

SECRET = "the text of a bug"


def small_app(api_key: str | None = None) -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    @app.post("/busy")
    async def busy() -> None:
        raise GpuBusy("Two batches are in.", retry_after_s=1.2)

    @app.post("/large")
    async def large() -> None:
        raise BatchTooLarge("Too many.", limit=8)

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError(SECRET)

    @app.post("/read")
    async def read(request: Request) -> None:
        await request.body()
        raise GpuBusy("After reading.", retry_after_s=1)

    @app.get("/logs")
    async def logs() -> dict[str, str]:
        return dict(structlog.contextvars.get_contextvars())

    @app.get("/health/live")
    async def live() -> None: ...

    install_web(
        app,
        service="test",
        api_key=SecretStr(api_key) if api_key else None,
        registry=CollectorRegistry(),
        drain=DrainBounds(max_bytes=1000, max_s=5.0),
    )
    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(small_app()) as client:
        yield client


def problem_of(response: httpx.Response) -> ProblemBody:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = ProblemBody.model_validate(response.json())
    assert problem.status == response.status_code
    assert problem.request_id == response.headers["X-Request-ID"]
    return problem


async def test_a_request_id_is_made_echoed_and_logged(client: httpx.AsyncClient) -> None:
    response = await client.get("/logs")
    assert len(response.headers["X-Request-ID"]) == 32
    assert response.json() == {"request_id": response.headers["X-Request-ID"]}


async def test_a_sane_request_id_is_kept_and_another_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/logs", headers={"X-Request-ID": "job-1:batch.2"})
    assert kept.headers["X-Request-ID"] == "job-1:batch.2"
    for insane in ("", "a b", "x" * 129, "ü", 'quote"'):
        headers = httpx.Headers([("X-Request-ID", insane)], encoding="latin-1")
        replaced = await client.get("/logs", headers=headers)
        assert len(replaced.headers["X-Request-ID"]) == 32


async def test_busy_says_when_to_come_back_in_seconds_and_milliseconds(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/busy")
    problem = problem_of(response)
    assert (problem.status, problem.code, problem.retry_after_ms) == (429, "ERR_GPU_BUSY", 1200)
    assert response.headers["Retry-After"] == "2"
    assert "connection" not in response.headers


async def test_a_limit_is_in_the_body(client: httpx.AsyncClient) -> None:
    problem = problem_of(await client.post("/large"))
    assert (problem.code, problem.limit) == (ErrorCode.BATCH_TOO_LARGE, 8)


async def test_what_is_not_valid_is_said_readably(client: httpx.AsyncClient) -> None:
    problem = problem_of(await client.get("/items/one"))
    assert (problem.status, problem.code) == (400, ErrorCode.VALIDATION)
    assert problem.detail.startswith("path.item_id: Input should be a valid integer")


async def test_unknown_paths_and_methods_are_problems_with_their_status(
    client: httpx.AsyncClient,
) -> None:
    assert problem_of(await client.get("/nowhere")).status == 404
    response = await client.delete("/items/1")
    assert problem_of(response).status == 405
    assert response.headers["Allow"] == "GET, HEAD"


async def test_a_bug_is_a_500_that_hides_its_text_and_logs_it(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await client.get("/bug")
    problem = problem_of(response)
    assert (problem.status, problem.code) == (500, ErrorCode.INTERNAL)
    assert SECRET not in response.text
    crash = next(entry for entry in logs if entry["event"] == "request_crashed")
    assert crash["exc_info"]


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": "k"}, {"Authorization": "Bearer k"}, {"Authorization": "bearer  k"}]
)
async def test_the_api_key_opens_in_either_header(headers: dict[str, str]) -> None:
    async with client_of(small_app("k")) as client:
        assert (await client.get("/items/1", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "x"}, {"X-API-Key": ""}, {"Authorization": "Basic k"},
                {"X-API-Key": "ü".encode("latin-1")}]
)  # fmt: skip
async def test_without_the_api_key_there_is_only_health(headers: dict[str, str]) -> None:
    async with client_of(small_app("k")) as client:
        problem = problem_of(await client.get("/items/1", headers=headers))
        assert (problem.status, problem.code) == (401, ErrorCode.UNAUTHORIZED)
        assert (await client.get("/metrics", headers=headers)).status_code == 401
        assert (await client.get("/health/live", headers=headers)).status_code == 200


async def test_a_log_line_holds_the_beginning_of_a_path(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        await client.get("/" + "a" * 10_000)
    [line] = [entry for entry in logs if entry["event"] == "request_served"]
    assert len(line["path"]) == 500


async def test_metrics_count_by_route_and_each_app_has_its_own() -> None:
    async with client_of(small_app()) as one, client_of(small_app()) as other:
        await one.get("/items/1")
        await one.get("/items/2")
        await one.get("/nowhere")
        counted = (await one.get("/metrics")).text
        assert (
            'photoseek_test_http_requests_total{method="GET",route="/items/{item_id}",status="200"}'
            " 2.0"
        ) in counted
        assert 'route="unmatched",status="404"} 1.0' in counted
        assert "/items/1" not in counted
        assert "items" not in (await other.get("/metrics")).text


async def test_the_body_of_a_refused_request_is_read_to_its_end() -> None:
    sent: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for size in (300, 300, 300):
            sent.append(size)
            yield b"x" * size

    async with client_of(small_app()) as client:
        response = await client.post("/busy", content=body())
    assert response.status_code == 429
    assert sent == [300, 300, 300]


async def test_a_refused_body_declared_beyond_the_bound_is_not_read() -> None:
    async with client_of(small_app()) as client:
        response = await client.post("/busy", content=b"x" * 2000)
    assert response.headers["Connection"] == "close"


async def test_a_body_that_was_read_already_is_not_waited_for(client: httpx.AsyncClient) -> None:
    response = await client.post("/read", content=b"x" * 10)
    assert response.status_code == 429


@pytest.fixture
def _logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.usefixtures("_logging_put_back")
def test_logs_are_lines_of_json_when_nobody_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    setup_logging("INFO")
    structlog.stdlib.get_logger("here").info("thing_done", wait_s=2.0)
    structlog.stdlib.get_logger("here").debug("too_quiet")
    logging.getLogger("uvicorn.error").warning("from a library")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["wait_s"], ours["level"]) == ("thing_done", 2.0, "info")
    assert (theirs["event"], theirs["logger"]) == ("from a library", "uvicorn.error")
