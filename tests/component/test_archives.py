"""A ZIP of originals over HTTP: streamed, whole, and honest about what is not there."""

from __future__ import annotations

import io
import os
import zipfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from anyio import Event, fail_after
from starlette.requests import ClientDisconnect
from starlette.types import Message

from ingestion_orchestration_fastapi_app.api.library.pictures.archive import ArchiveResponse
from ingestion_orchestration_fastapi_app.library.pictures import archives
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from utils.contract import MAX_SELECTION, ErrorCode

pytestmark = pytest.mark.anyio
URL = "/selection/zip"


async def ids_of(running: Running) -> dict[str, str]:
    """By path below the photos."""
    images = (await running.get("/images?limit=100"))["images"]
    return {str(Path(one["path"]).relative_to(running.photos)): one["id"] for one in images}


def read(response: httpx.Response) -> dict[str, bytes]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def painted(running: Running) -> None:
    paint(running.photos / "a" / "one.png", "red")
    paint(running.photos / "b" / "one.png", "green", side_px=70)
    paint(running.photos / "ä.png", "blue", side_px=80)


async def test_a_selection_is_one_archive_of_the_files_as_they_are(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        ids = await ids_of(running)
        asked = [ids[name] for name in ("b/one.png", "a/one.png", "ä.png", "b/one.png")]
        files = {
            "one.png": (running.photos / "b" / "one.png").read_bytes(),
            "one (2).png": (running.photos / "a" / "one.png").read_bytes(),
            "ä.png": (running.photos / "ä.png").read_bytes(),
        }
        by_json = await running.post(URL, {"ids": asked})
        assert read(by_json) == files
        assert by_json.headers["content-disposition"] == (
            'attachment; filename="photoseek-3-images.zip"'
        )
        by_form = await running.http.post(
            f"/api/v1{URL}", data={"ids": asked, "collection": "default"}
        )
        assert read(by_form) == files


async def test_what_is_gone_or_another_by_now_is_told_inside(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        ids = await ids_of(running)
        unknown = str(uuid4())
        (running.photos / "a" / "one.png").unlink()
        (running.photos / "ä.png").unlink()
        (running.photos / "ä.png").symlink_to(running.photos / "b" / "one.png")
        found = read(await running.post(URL, {"ids": [*ids.values(), unknown]}))
        assert set(found) == {"one.png", "MISSING.txt"}
        told = found["MISSING.txt"].decode().splitlines()[2:]
        assert len(told) == 3
        assert {line.partition(": ")[0] for line in told} == {
            str(running.photos / "a" / "one.png"),
            str(running.photos / "ä.png"),
            unknown,
        }
        check_problem(await running.post(URL, {"ids": [unknown]}), 404, ErrorCode.IMAGE_NOT_FOUND)
        elsewhere = await running.post(URL, {"ids": [unknown], "collection": "none"})
        check_problem(elsewhere, 404, ErrorCode.COLLECTION_NOT_FOUND)


async def test_a_file_that_ends_while_it_is_sent_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "CHUNK_BYTES", 100)
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        ids = await ids_of(running)
        services = running.app.state.services
        asked = tuple(UUID(ids[name]) for name in ("a/one.png", "ä.png"))
        points = await services.images.several("default", asked)
        order = [point.id for point in sorted(points, key=lambda point: point.filename)]
        whole = (running.photos / "ä.png").read_bytes()
        chunks = services.archives.chunks("default", order)
        data = await anext(chunks)
        with (running.photos / "a" / "one.png").open("r+b") as file:
            file.truncate(110)
        async for chunk in chunks:
            data += chunk
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert archive.read("ä.png") == whole
            assert len(archive.read("one.png")) == 110
            assert b"ended early" in archive.read("MISSING.txt")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"json": {"ids": []}}, 400, ErrorCode.VALIDATION),
        ({"json": {"ids": ["no id"]}}, 400, ErrorCode.VALIDATION),
        ({"json": {"ids": [str(uuid4())] * (MAX_SELECTION + 1)}}, 400, ErrorCode.VALIDATION),
        ({"json": {"ids": [str(uuid4())], "format": "tar"}}, 400, ErrorCode.VALIDATION),
        ({"data": {"collection": "default"}}, 400, ErrorCode.VALIDATION),
        ({"data": {"ids": str(uuid4()), "collection": ["a", "b"]}}, 400, ErrorCode.VALIDATION),
        ({"data": {"ids": ["no id"]}}, 400, ErrorCode.VALIDATION),
        ({"content": b"ids"}, 415, ErrorCode.MEDIA_TYPE),
    ],
)
async def test_what_is_no_selection_is_refused(
    tmp_path: Path, sent: dict[str, Any], status: int, code: ErrorCode
) -> None:
    async with orchestrator(tmp_path) as running:
        check_problem(await running.http.post(f"/api/v1{URL}", **sent), status, code)


@pytest.mark.parametrize("way", ["json", "data"])
async def test_the_largest_selection_fits_into_a_body(tmp_path: Path, way: str) -> None:
    ids = [str(uuid4()) for _ in range(MAX_SELECTION)]
    async with orchestrator(tmp_path) as running:
        paint(running.photos / "a.png", "red")
        await running.ingested()
        sent: dict[str, Any] = {way: {"ids": ids}}
        answer = await running.http.post(f"/api/v1{URL}", **sent)
        check_problem(answer, 404, ErrorCode.IMAGE_NOT_FOUND)


async def test_another_sites_form_gets_no_archive(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        foreign = {"Origin": "http://elsewhere.example"}
        response = await running.http.post(
            f"/api/v1{URL}", data={"ids": str(uuid4())}, headers=foreign
        )
        check_problem(response, 403, ErrorCode.CROSS_SITE)


async def test_more_archives_than_allowed_are_refused_until_one_is_sent(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        asked = {"ids": list((await ids_of(running)).values())}
        async with AsyncExitStack() as stack:
            for _ in range(archives.MOST_ARCHIVES):
                await stack.enter_async_context(running.app.state.services.archives.place())
            refused = await running.post(URL, asked)
            check_problem(refused, 503, ErrorCode.PICTURE_UNAVAILABLE)
            assert int(refused.headers["Retry-After"]) >= 1
        for _ in range(archives.MOST_ARCHIVES + 1):
            assert len(read(await running.post(URL, asked))) == 3


@pytest.mark.parametrize("way", ["it is told", "sending fails"])
async def test_who_leaves_leaves_nothing_open(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "CHUNK_BYTES", 10)
    async with orchestrator(tmp_path) as running:
        painted(running)
        await running.ingested()
        services, begun = running.app.state.services, Event()
        ids = tuple(UUID(one) for one in (await ids_of(running)).values())

        async def receive() -> Message:
            await begun.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                begun.set()
                if way == "sending fails":
                    raise OSError
                await Event().wait()

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(services.archives.place())
            chunks = services.archives.chunks("default", ids)
            response = ArchiveResponse(chunks, stack.pop_all(), headers={})
        version = "2.3" if way == "it is told" else "2.4"
        with fail_after(60), suppress(ClientDisconnect):
            await response({"type": "http", "asgi": {"spec_version": version}}, receive, send)
        assert begun.is_set()
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)
        held = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        assert not [one for one in held if one.startswith(str(running.photos))]
        async with AsyncExitStack() as stack:
            for _ in range(archives.MOST_ARCHIVES):
                await stack.enter_async_context(services.archives.place())
