"""Bodies that mean harm: refused by their size, by one fault, and with a code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest

from tests.component.inference_fakes import FakeEmbedder, loaded, served
from tests.component.orchestrator_app import Running, check_problem, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

SEARCH = "/api/v1/search/text"
LIMIT = 256 * 1024
JSON = {"Content-Type": "application/json"}
MANY = 60_000

WRONG: list[bytes] = [
    json.dumps({"query": "a", "filters": {"keywords": [0] * MANY}}).encode(),
    json.dumps({"query": "a", "filters": {"formats": [[]] * MANY}}).encode(),
    json.dumps({"query": "a", **{f"k{n}": 1 for n in range(20_000)}}).encode(),
    json.dumps({"query": "a", "filters": {f"k{n}": 1 for n in range(20_000)}}).encode(),
    b"[" * LIMIT,
    b'{"query":' * (LIMIT // 9),
    b'{"query": "a", "limit": ' + b"9" * 200_000 + b"}",
    b'{"query": "a", "limit": 1e999999}',
    b'{"query": "a", "min_score": NaN}',
    b'{"query": "a", "min_score": 0.' + b"9" * 200_000 + b"1e400}",
    b'{"query": "a", "limit": 1' + b', "limit": -1' * 10_000 + b"}",
    b"{",
    b"\xff\xfe",
    b'{"query": "\\ud800"',
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: repr(body[:30]))
async def test_a_wrong_body_is_one_short_400(tmp_path: Path, body: bytes) -> None:
    assert len(body) <= LIMIT + 9
    async with orchestrator(tmp_path) as running:
        response = await running.http.post(SEARCH, content=body, headers=JSON)
        check_problem(response, 400, ErrorCode.VALIDATION)
        assert len(response.content) < 1000


async def test_a_key_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    body = b'{"name": ' + b'"a", "name": ' * 10_000 + b'"last"}'
    async with orchestrator(tmp_path) as running:
        created = await running.http.post("/api/v1/collections", content=body, headers=JSON)
        assert created.json()["name"] == "last"


async def chunks(total_bytes: int, sent: list[int]) -> AsyncIterator[bytes]:
    for _ in range(total_bytes // 65_536):
        sent.append(65_536)
        yield b" " * 65_536


async def test_a_large_body_is_413_by_what_it_declares_and_by_what_arrives(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        response = await running.http.post(SEARCH, content=b" " * (LIMIT + 1), headers=JSON)
        check_problem(response, 413, ErrorCode.BATCH_TOO_LARGE)
        assert response.json()["limit"] == LIMIT
        response = await running.http.post(SEARCH, content=chunks(10 * LIMIT, []), headers=JSON)
        check_problem(response, 413, ErrorCode.BATCH_TOO_LARGE)
        exact = b'{"query": "a"}'.ljust(LIMIT)
        response = await running.http.post(SEARCH, content=exact, headers=JSON)
        check_problem(response, 404, ErrorCode.COLLECTION_NOT_FOUND)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_json_of_another_type_is_told_which_one_to_send(tmp_path: Path, kind: str) -> None:
    async with orchestrator(tmp_path) as running:
        for path in (SEARCH, "/api/v1/collections", "/api/v1/ingest", "/api/v1/session"):
            response = await running.http.post(
                path, content=b'{"name": "a"}', headers={"Content-Type": kind}
            )
            check_problem(response, 415, ErrorCode.MEDIA_TYPE)
            assert "application/json" in response.json()["detail"]
        assert (await running.http.get("/api/v1/collections/a")).status_code == 404


async def test_multipart_is_taken_only_where_it_is_meant(tmp_path: Path) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    async with orchestrator(tmp_path) as running:
        response = await running.http.post(SEARCH, content=b"x" * 2 * LIMIT, headers=headers)
        check_problem(response, 413, ErrorCode.BATCH_TOO_LARGE)


@pytest.mark.parametrize("path", [SEARCH, "/api/v1/search/image"])
async def test_a_content_type_without_end_is_refused_unparsed(tmp_path: Path, path: str) -> None:
    headers = {"Content-Type": "multipart/form-data; " + "a=b;" * 500 + " boundary=B"}
    async with orchestrator(tmp_path) as running:
        response = await running.http.post(path, content=b"--B--", headers=headers)
        check_problem(response, 400, ErrorCode.VALIDATION)
        assert "Content-Type" in response.json()["detail"]


async def test_the_setting_moves_the_limit(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, max_json_bytes=2000) as running:
        response = await running.http.post(SEARCH, content=b" " * 2001, headers=JSON)
        assert response.json()["limit"] == 2000


async def posted_form(running: Running, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return await running.http.post("/api/v1/search/image", content=content, headers=headers)


PART = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


async def test_a_form_is_bounded_in_files_fields_and_sizes(tmp_path: Path) -> None:
    file = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
    padded = file.replace(b"\r\n\r\n", b"\r\n%s: b\r\n\r\n" % (b"a" * 10_000))
    many = file.replace(b"\r\n\r\n", b"\r\n" + b"a: b\r\n" * 1000 + b"\r\n")
    async with orchestrator(tmp_path) as running:
        for body, status, code in (
            (file * 2, 413, ErrorCode.BATCH_TOO_LARGE),
            (file + PART % (b"limit", b"1") * 1000, 413, ErrorCode.BATCH_TOO_LARGE),
            (file + PART % (b"limit", b"1" * 100_000), 413, ErrorCode.BATCH_TOO_LARGE),
            (padded, 400, ErrorCode.MALFORMED_MULTIPART),
            (many, 400, ErrorCode.MALFORMED_MULTIPART),
            (b"no boundary at all", 400, ErrorCode.MALFORMED_MULTIPART),
        ):
            check_problem(await posted_form(running, body + b"--B--\r\n"), status, code)


async def test_a_form_that_was_cut_off_is_no_search_elsewhere(tmp_path: Path) -> None:
    """It was one of the collection `default`, since the field that was cut was left out."""
    file = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
    whole = file + PART % (b"collection", b"trips") + b"--B--"
    async with orchestrator(tmp_path) as running:
        check_problem(await posted_form(running, whole), 404, ErrorCode.COLLECTION_NOT_FOUND)
        for length in (0, 3, len(file), len(whole) - 7, len(whole) - 1):
            cut = await posted_form(running, whole[:length])
            check_problem(cut, 400, ErrorCode.MALFORMED_MULTIPART)

        async def by_bytes() -> AsyncIterator[bytes]:
            for place in range(len(whole)):
                yield whole[place : place + 1]

        check_problem(await posted_form(running, by_bytes()), 404, ErrorCode.COLLECTION_NOT_FOUND)


async def test_a_large_form_is_413_too(tmp_path: Path) -> None:
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

    async def endless() -> AsyncIterator[bytes]:
        yield head
        for _ in range(100):
            yield b"x" * 1024 * 1024

    async with orchestrator(tmp_path) as running:
        check_problem(await posted_form(running, endless()), 413, ErrorCode.BATCH_TOO_LARGE)
        declared = await posted_form(running, head + b"x" * 70 * 1024 * 1024)
        check_problem(declared, 413, ErrorCode.BATCH_TOO_LARGE)


async def test_texts_for_the_model_are_bounded_alike() -> None:
    url = "/api/v1/embed_text"
    async with (
        served(FakeEmbedder()) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)

        async def answer(content: bytes, kind: str = "application/json") -> tuple[int, str]:
            response = await client.post(url, content=content, headers={"Content-Type": kind})
            assert len(response.content) < 1000
            return response.status_code, response.json()["code"]

        fitting = json.dumps({"texts": ["a"]}).encode()
        for body in (
            json.dumps({"texts": [0] * MANY}).encode(),
            json.dumps({f"k{n}": 1 for n in range(20_000)}).encode(),
            b"[" * LIMIT,
            b'{"texts": ' + b"9" * 200_000 + b"}",
        ):
            assert await answer(body) == (400, ErrorCode.VALIDATION)
        assert await answer(b" " * (LIMIT + 1)) == (413, ErrorCode.BATCH_TOO_LARGE)
        for kind in ("text/plain", "multipart/form-data; boundary=B", ""):
            assert await answer(fitting, kind) == (415, ErrorCode.MEDIA_TYPE)
        assert (await client.post(url, content=fitting, headers=JSON)).status_code == 200


async def test_pictures_that_are_held_at_once_are_bounded_together(tmp_path: Path) -> None:
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

    async def large() -> AsyncIterator[bytes]:
        yield head
        for _ in range(60):
            yield b"x" * 1024 * 1024
            await anyio.lowlevel.checkpoint()
        yield b"\r\n--B--\r\n"

    async with orchestrator(tmp_path) as running:
        statuses: list[int] = []

        async def send() -> None:
            statuses.append((await posted_form(running, large())).status_code)

        async with anyio.create_task_group() as tg:
            for _ in range(4):
                tg.start_soon(send)
    assert 503 in statuses
    assert statuses.count(503) < 4
