"""The typed client: every operation has its method, errors are exceptions, and it comes alone."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.unit.client_arguments import ARGUMENTS, IMAGE_ID
from utils.client import (
    BusyError,
    ConflictError,
    NotAllowedError,
    NotAnsweringError,
    NotFoundError,
    PhotoseekClient,
    PhotoseekError,
    RefusedError,
)
from utils.contract import CollectionList, ErrorCode, SearchTextRequest
from utils.contract.examples import HIT, JOB

pytestmark = pytest.mark.anyio
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation, by its id."""
    paths = create_app(Settings()).openapi()["paths"]
    return {
        one["operationId"]: (method.upper(), path, one)
        for path, methods in paths.items()
        for method, one in methods.items()
    }


OPERATIONS = operations()


def client(answer: Callable[[httpx.Request], httpx.Response], **more: Any) -> PhotoseekClient:
    return PhotoseekClient("http://photoseek", transport=httpx.MockTransport(answer), **more)


def problem(status: int, code: ErrorCode, **more: object) -> httpx.Response:
    body = {"title": "t", "status": status, "detail": "d", "code": code, "request_id": "r", **more}
    return httpx.Response(status, json=body)


def test_every_operation_of_the_document_has_its_method() -> None:
    assert [name for name in OPERATIONS if not hasattr(PhotoseekClient, name)] == []


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_method_sends_what_its_operation_takes(name: str) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return problem(404, ErrorCode.IMAGE_NOT_FOUND)

    async with client(answer) as calls:
        method = getattr(calls, name)
        arguments = {
            one: ARGUMENTS.get(one) or _request_of(method, one)
            for one in inspect.signature(method).parameters
        }
        result = method(**arguments)
        with pytest.raises(NotFoundError):
            await (anext(result) if isinstance(result, AsyncIterator) else result)
    verb, path, described = OPERATIONS[name]
    (request,) = sent
    pattern = re.sub(r"\{\w+\}", "[^/]+", path)
    assert request.method == verb
    assert re.fullmatch(pattern, request.url.raw_path.decode().split("?")[0])
    known = {one["name"] for one in described.get("parameters", []) if one["in"] == "query"}
    assert set(request.url.params) <= known
    asked = {one["name"] for one in described.get("parameters", []) if one.get("required")}
    assert {one for one in asked if f"{{{one}}}" not in path} <= set(request.url.params)
    content = described.get("requestBody", {}).get("content", {})
    assert not content or request.headers["Content-Type"].split(";")[0] in content


def _example(model: type[BaseModel]) -> BaseModel:
    """As the OpenAPI document shows it."""
    return model.model_validate(model.model_json_schema()["examples"][0])


def _request_of(method: Any, name: str) -> Any:
    """A valid body of the type that the method takes."""
    from utils.contract import ActivateRequest, IngestRequest, JobRequestBody, Selection
    from utils.contract.annotations.albums import AlbumChangeRequest, AlbumRequest
    from utils.contract.annotations.annotation import AnnotationChangeRequest, AnnotationRequest
    from utils.contract.annotations.sidecars import SidecarRequest
    from utils.contract.collections import ReembedRequest
    from utils.contract.duplicates.decisions import DecisionsRequest, UnneededFilesRequest
    from utils.contract.search import SearchRequest
    from utils.contract.transfer import ExportRequest, ImportRequest

    bodies: dict[str, Callable[[], Any]] = {
        "IngestRequest": lambda: IngestRequest(directory_path="/photos"),
        "JobRequestBody": lambda: JobRequestBody.model_construct(kind="verify"),
        "ReembedRequest": lambda: ReembedRequest.model_construct(),
        "SidecarRequest": SidecarRequest,
        "Selection": lambda: Selection.model_validate({"ids": [IMAGE_ID]}),
        "DecisionsRequest": lambda: _example(DecisionsRequest),
        "UnneededFilesRequest": lambda: _example(UnneededFilesRequest),
        "AlbumRequest": lambda: AlbumRequest(name="a"),
        "AlbumChangeRequest": AlbumChangeRequest,
        "AnnotationRequest": AnnotationRequest,
        "AnnotationChangeRequest": lambda: AnnotationChangeRequest.model_validate(
            {"ids": [IMAGE_ID], "favourite": True}
        ),
        "SearchRequest": lambda: SearchRequest(query="a cat"),
        "SearchTextRequest": lambda: SearchTextRequest(query="a cat"),
        "ActivateRequest | None": ActivateRequest,
        "ExportRequest": ExportRequest,
        "ImportRequest": lambda: ImportRequest(source="it"),
    }
    return bodies[str(inspect.signature(method).parameters[name].annotation)]()


def test_a_method_gives_the_type_that_its_operation_answers_with() -> None:
    wrong = []
    for name, (_, _, described) in OPERATIONS.items():
        answers = [one for status, one in described["responses"].items() if status[0] == "2"]
        content = [one.get("content", {}).get("application/json", {}) for one in answers]
        known = {one["schema"]["$ref"].rsplit("/", 1)[1] for one in content if "schema" in one}
        given = inspect.signature(getattr(PhotoseekClient, name)).return_annotation
        if known and known != {given} and given != "AsyncIterator[bytes]":  # it comes in pieces
            wrong.append((name, known, given))
    assert wrong == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, ErrorCode.VALIDATION, RefusedError),
        (401, ErrorCode.UNAUTHORIZED, NotAllowedError),
        (404, ErrorCode.COLLECTION_NOT_FOUND, NotFoundError),
        (409, ErrorCode.COLLECTION_EXISTS, ConflictError),
    ],
)
async def test_a_problem_is_an_exception_with_its_code(
    status: int, code: ErrorCode, kind: type[RefusedError]
) -> None:
    async with client(lambda _: problem(status, code)) as calls:
        with pytest.raises(kind) as raised:
            await calls.list_collections()
    assert (raised.value.code, raised.value.status, raised.value.detail) == (code, status, "d")


async def test_a_busy_service_is_asked_again_after_as_long_as_it_says() -> None:
    waited: list[float] = []
    answers = [
        problem(429, ErrorCode.GPU_BUSY, retry_after_ms=1500),
        httpx.Response(200, json={"collections": []}),
    ]

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with client(lambda _: answers.pop(0), sleep=sleep) as calls:
        assert await calls.list_collections() == CollectionList(collections=())
    assert waited == [1.5]


async def test_a_service_that_stays_busy_is_told_in_the_end() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return problem(503, ErrorCode.ML_UNAVAILABLE)

    async def sleep(seconds: float) -> None: ...

    async with client(answer, retries=2, sleep=sleep) as calls:
        with pytest.raises(BusyError):
            await calls.search_by_text(SearchTextRequest(query="x"))
    assert len(asked) == 3


async def test_a_key_is_sent_whatever_its_letters() -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(dict(request.headers.raw)[b"X-API-Key"])
        return problem(401, ErrorCode.UNAUTHORIZED)

    async with client(answer, api_key="schlüssel") as calls:
        with pytest.raises(NotAllowedError):
            await calls.list_collections()
    assert sent == ["schlüssel".encode()]


@pytest.mark.parametrize("text", ["<html>", "{}", ""])
async def test_who_is_no_photoseek_is_said(text: str) -> None:
    async with client(lambda _: httpx.Response(200, text=text)) as calls:
        with pytest.raises(NotAnsweringError, match="no answer of the orchestrator"):
            await calls.list_collections()


async def test_hits_come_page_by_page_by_cursor() -> None:
    cursors: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = SearchTextRequest.model_validate_json(request.content).cursor
        cursors.append(cursor)
        more = None if cursor == "2" else str(len(cursors))
        reply = {"results": [HIT], "collection": "default", "model": "m", "cursor": more}
        return httpx.Response(200, json=reply)

    async with client(answer) as calls:
        hits = [one async for one in calls.all_hits(SearchTextRequest(query="x", offset=3))]
    assert len(hits) == 3
    assert cursors == [None, "1", "2"]


async def test_a_job_is_waited_for_by_its_events() -> None:
    states = ["running", "completed"]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            text = 'event: progress\ndata: {"a": 1}\n\nevent: end\ndata: {}\n\n'
            return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})
        return httpx.Response(200, json={**JOB, "state": states.pop(0)})

    async with client(answer) as calls:
        assert (await calls.wait_for_job("ab12")).state == "completed"
        events = [one async for one in calls.follow_job("ab12")]
    assert [(one.name, one.data) for one in events] == [("progress", {"a": 1}), ("end", {})]
    assert states == []


def test_its_wheel_holds_what_it_needs_and_asks_for_no_more(tmp_path: Path) -> None:
    """Built from a copy, unpacked alone, and imported where no service's parts can be."""
    shutil.copytree(REPOSITORY / "utils", tmp_path / "utils")
    built = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    folder = tmp_path / "utils/client"
    subprocess.run([*built, "-w", str(tmp_path), str(folder)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("photoseek_client-*.whl")
    with zipfile.ZipFile(wheel) as file:
        (metadata,) = [name for name in file.namelist() if name.endswith("METADATA")]
        needed = re.findall(r"^Requires-Dist: (\w+)", file.read(metadata).decode(), re.MULTILINE)
        file.extractall(tmp_path / "alone")
    assert sorted(needed) == ["anyio", "httpx", "pydantic"]
    blocked = ["torch", "lancedb", "numpy", "PIL", "fastapi", "starlette", "structlog", "pyarrow"]
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))\n"
        "import utils.client; print(utils.client.__file__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path / "alone",
        env={"PYTHONPATH": str(tmp_path / "alone")},
    )
    assert ran.stdout.startswith(str(tmp_path / "alone"))
    assert issubclass(NotAnsweringError, PhotoseekError)
