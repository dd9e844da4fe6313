"""What the client makes of every way in which the inference service may answer, or not."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import httpx
import numpy as np
import pytest
import structlog
from anyio.abc import SocketStream

from ingestion_orchestration_fastapi_app.adapters.inference_http.client import InferenceClient
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded, Upload
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    ModelMismatch,
    Overloaded,
    Unreachable,
)
from tests.fakes import capabilities, model_of, root_threads
from utils.contract import PPM_MEDIA_TYPE, ErrorCode
from utils.problems import Rejected, ValidationProblem

pytestmark = pytest.mark.anyio

UPLOADS = {"a": Upload(b"P6 a", PPM_MEDIA_TYPE), "b": Upload(b"P6 b", PPM_MEDIA_TYPE)}


def client_of(
    answer: Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]],
) -> InferenceClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))  # type: ignore[arg-type]  # both kinds are taken
    return InferenceClient(
        http, url="http://ml", threads=root_threads(), request_timeout_s=5, query_timeout_s=5
    )


def encoded(*values: float) -> str:
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def item(upload_id: str, embedding: str | None, error: object = None) -> dict[str, object]:
    return {"id": upload_id, "embedding": embedding, "caption": None, "error": error}


def batch(*items: dict[str, object], fingerprint: str = "f") -> httpx.Response:
    return httpx.Response(200, json={"results": items, "fingerprint": fingerprint})


async def embed(client: InferenceClient) -> dict[str, Embedded | Rejected]:
    return await client.embed(UPLOADS, captions=False, fingerprint="f")


async def test_results_are_matched_by_id_whatever_their_order() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Image-Count"] == "2"
        assert request.url.params["encoding_format"] == "base64"
        return batch(item("b", encoded(0, 1)), item("a", encoded(1, 0)), item("c", encoded(1, 0)))

    answers = await embed(client_of(answer))
    assert set(answers) == {"a", "b"}
    a, b = answers["a"], answers["b"]
    assert isinstance(a, Embedded)
    assert isinstance(b, Embedded)
    assert a.vector.tolist() == [1, 0]
    assert b.vector.tolist() == [0, 1]


async def test_a_bad_vector_costs_its_own_file_only() -> None:
    error = {"code": "ERR_DECODING_IMAGE", "detail": "corrupt"}
    for bad in (encoded(5, 5), encoded(float("nan"), 1), "%%%", None, ""):
        reply = batch(item("a", encoded(1, 0)), item("b", bad, error if bad is None else None))
        answers = await embed(client_of(lambda request, reply=reply: reply))  # type: ignore[misc]  # bound now
        assert isinstance(answers["a"], Embedded)
        rejected = answers["b"]
        assert isinstance(rejected, Rejected)
        code = ErrorCode.DECODING_IMAGE if bad is None else ErrorCode.CLIP_INFER
        assert rejected.code is code


async def test_the_request_id_is_passed_on_and_a_job_has_its_own() -> None:
    heard: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers.get("X-Request-ID"))
        return httpx.Response(200, json={"embeddings": [[1.0]], "fingerprint": "f"})

    client = client_of(answer)
    await client.embed_text("a", fingerprint="f")
    with structlog.contextvars.bound_contextvars(request_id="asked"):
        await client.embed_text("a", fingerprint="f")
        with structlog.contextvars.bound_contextvars(job_id="job"):
            await client.embed_text("a", fingerprint="f")
    assert heard == [None, "asked", "job"]


async def test_too_few_results_are_no_answer() -> None:
    with pytest.raises(ConnectionLost):
        await embed(client_of(lambda request: batch(item("a", encoded(1, 0)))))


async def test_another_fingerprint_is_a_mismatch() -> None:
    reply = batch(item("a", encoded(1, 0)), item("b", encoded(1, 0)), fingerprint="other")
    with pytest.raises(ModelMismatch):
        await embed(client_of(lambda request: reply))


def problem(status: int, code: ErrorCode, **more: object) -> httpx.Response:
    body = {"title": "t", "status": status, "detail": "d", "code": code, "request_id": "r"}
    return httpx.Response(status, content=json.dumps(body | more).encode())


async def test_a_429_says_when_to_come_back() -> None:
    reply = problem(429, ErrorCode.GPU_BUSY, retry_after_ms=1500)
    with pytest.raises(Overloaded) as told:
        await embed(client_of(lambda request: reply))
    assert told.value.retry_after_s == 1.5


async def test_a_proxy_that_knows_no_problems_is_understood() -> None:
    with pytest.raises(Overloaded) as told:
        await embed(client_of(lambda request: httpx.Response(503, headers={"Retry-After": "7"})))
    assert told.value.retry_after_s == 7
    with pytest.raises(ConnectionLost):
        await embed(client_of(lambda request: httpx.Response(502, content=b"<html>")))
    with pytest.raises(ConnectionLost):
        await embed(client_of(lambda request: httpx.Response(200, content=b"<html>")))


async def test_statuses_have_their_meaning() -> None:
    for status, code, expected in (
        (413, ErrorCode.BATCH_TOO_LARGE, BatchRefused),
        (401, ErrorCode.UNAUTHORIZED, Unreachable),
        (421, ErrorCode.HOST_NOT_ALLOWED, Unreachable),
        (500, ErrorCode.INTERNAL, ConnectionLost),
        (408, ErrorCode.MALFORMED_MULTIPART, Overloaded),
        (400, ErrorCode.VALIDATION, ConnectionLost),
    ):
        reply = problem(status, code)
        with pytest.raises(expected):
            await embed(client_of(lambda request, reply=reply: reply))  # type: ignore[misc]  # bound now


async def test_a_query_image_that_cannot_be_read_is_the_callers_fault() -> None:
    reply = problem(422, ErrorCode.DECODING_IMAGE)
    with pytest.raises(ValidationProblem):
        await client_of(lambda request: reply).embed_image(b"no image", fingerprint="f")


async def test_capabilities_are_read() -> None:
    told = capabilities()
    client = client_of(lambda request: httpx.Response(200, text=told.model_dump_json()))
    assert await client.capabilities() == told


@asynccontextmanager
async def a_service(serve: Callable[[SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """A socket that misbehaves as asked; yields its port."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tg:
        tg.start_soon(listener.serve, serve)
        yield port
        tg.cancel_scope.cancel()


async def sent_to(port: int) -> None:
    large = {str(number): Upload(b"x" * 4_000_000, PPM_MEDIA_TYPE) for number in range(8)}
    async with httpx.AsyncClient() as http:
        client = InferenceClient(
            http,
            url=f"http://127.0.0.1:{port}",
            threads=root_threads(),
            request_timeout_s=60,
            query_timeout_s=60,
        )
        await client.embed(large, captions=False, fingerprint="f")


async def test_a_connection_that_breaks_while_sending_is_overload() -> None:
    async def breaks_off(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()

    async with a_service(breaks_off) as port:
        with pytest.raises(Overloaded):
            await sent_to(port)


async def test_a_connection_that_breaks_after_sending_may_be_the_batchs_fault() -> None:
    async def reads_all_and_dies(stream: SocketStream) -> None:
        async with stream:
            received = b""
            while b"\r\n\r\n" not in received:
                received += await stream.receive()
            head, _, body = received.partition(b"\r\n\r\n")
            left = int(head.lower().partition(b"content-length: ")[2].split()[0]) - len(body)
            while left:
                left -= len(await stream.receive(1_000_000))

    async with a_service(reads_all_and_dies) as port:
        with pytest.raises(ConnectionLost):
            await sent_to(port)


async def test_nobody_there_is_unreachable() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
    await listener.aclose()
    with pytest.raises(Unreachable):
        await sent_to(port)


async def test_a_process_without_threads_says_so_of_itself() -> None:
    def no_thread(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("can't start new thread")

    client = client_of(no_thread)
    with pytest.raises(Overloaded):
        await client.capabilities()
    with pytest.raises(Overloaded):
        await embed(client)


async def test_a_model_is_named_to_services_that_list_theirs() -> None:
    """Those of earlier versions refuse parameters that they do not know."""
    told = capabilities(fingerprint="f")
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/capabilities"):
            return httpx.Response(200, text=told.model_dump_json())
        asked.append(request.url.params.get("fingerprint"))
        if request.url.path.endswith("/embed_text"):
            return httpx.Response(200, json={"embeddings": [[1.0]], "fingerprint": "f"})
        return batch(item("a", encoded(1, 0)), item("b", encoded(1, 0)))

    client = client_of(answer)
    for models in ((), (model_of("f"),)):
        told = told.model_copy(update={"models": models})
        await client.capabilities()
        await embed(client)
        await client.embed_text("a", fingerprint="f")
    assert asked == [None, None, "f", "f"]


async def test_a_service_that_does_not_serve_the_model_says_so() -> None:
    problem = {
        "title": "no",
        "status": 409,
        "detail": "it serves g",
        "code": ErrorCode.MODEL_MISMATCH,
        "request_id": "r",
    }
    client = client_of(lambda request: httpx.Response(409, json=problem))
    with pytest.raises(ModelMismatch, match="it serves g"):
        await embed(client)
    with pytest.raises(ModelMismatch, match="it serves g"):
        await client.embed_text("a", fingerprint="f")
