"""Previews that many ask for at once: each is made once, and no more at a time than allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from anyio import Event, create_task_group, fail_after, wait_all_tasks_blocked
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from ingestion_orchestration_fastapi_app.adapters.content_cache.disk import ByteCache
from ingestion_orchestration_fastapi_app.adapters.content_cache.preview_cache import (
    open_preview_cache,
    preview_bytes,
    preview_key,
)
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, PictureUnavailable
from ingestion_orchestration_fastapi_app.library.pictures import previews
from ingestion_orchestration_fastapi_app.library.pictures.previews import Previews
from ingestion_orchestration_fastapi_app.ports.previews import PreviewFormat, PreviewKey
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from tests.component.orchestrator_app import orchestrator, paint
from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError
from utils.web.disconnects import unless_client_leaves

pytestmark = pytest.mark.anyio


class Rendering:
    """Implements `PreviewRendering`: holds each picture until `go` is set, and counts them."""

    version = "1"

    def __init__(self) -> None:
        self.go = Event()
        self.begun = 0
        self.fault: Rejected | None = None
        self.is_down = False

    async def render(
        self, content: Content, *, side_px: int, min_side_px: int, encoding: PreviewFormat
    ) -> bytes | Rejected:
        self.begun += 1
        await self.go.wait()
        if self.is_down:
            raise DecodersDownError("no decoder process could be started")
        return self.fault or b"%d of %d" % (side_px, len(content.data))


@asynccontextmanager
async def made(
    folder: Path, *, at_once: int = 2
) -> AsyncIterator[tuple[Previews, Rendering, list[StoredImage]]]:
    """Over a real library of four pictures, with all images of it."""
    for number in range(4):
        paint(folder / "photos" / f"{number}.png", "red", side_px=60 + number)
    rendering = Rendering()
    async with (
        orchestrator(folder) as running,
        open_preview_cache(folder / "cache", limit_bytes=2**20) as cache,
    ):
        await running.ingested()
        store = running.app.state.services.ports.store
        ids = [one async for group in store.ids("default") for one in group]
        library = running.app.state.services.ports.library
        budget = MemoryBudget(2**26)
        given = Previews(cache, library, rendering, budget, at_once=at_once)
        points = await store.get("default", ids)
        yield given, rendering, [StoredImage.of(point) for point in points]


def key_of(given: Previews, image: StoredImage) -> PreviewKey:
    return given.key(image, side_px=256, encoding=PreviewFormat.JPEG)


async def test_a_preview_that_many_ask_for_is_made_once(tmp_path: Path) -> None:
    async with made(tmp_path) as (given, rendering, images):
        key, got = key_of(given, images[0]), list[bytes]()

        async def ask() -> None:
            got.append(await given.preview(images[0], key))

        with fail_after(60):
            async with create_task_group() as tg:
                for _ in range(5):
                    tg.start_soon(ask)
                await wait_all_tasks_blocked()
                rendering.go.set()
            await ask()
        assert rendering.begun == 1
        assert len(got) == 6
        assert set(got) == {got[0]}


async def test_where_the_one_who_made_it_leaves_another_makes_it(tmp_path: Path) -> None:
    async with made(tmp_path) as (given, rendering, images):
        key, got = key_of(given, images[0]), list[bytes]()

        async def ask() -> None:
            got.append(await given.preview(images[0], key))

        with fail_after(60):
            async with create_task_group() as staying, create_task_group() as leaving:
                leaving.start_soon(ask)
                await wait_all_tasks_blocked()
                staying.start_soon(ask)
                await wait_all_tasks_blocked()
                leaving.cancel_scope.cancel()
                rendering.go.set()
        assert (rendering.begun, len(got)) == (2, 1)


async def test_no_more_than_allowed_are_decoded_at_a_time_and_more_than_can_wait_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST_MAKING", 3)
    async with made(tmp_path, at_once=2) as (given, rendering, images):

        async def ask(image: StoredImage) -> None:
            assert await given.preview(image, key_of(given, image))

        with fail_after(60):
            async with create_task_group() as tg:
                for image in images[:3]:
                    tg.start_soon(ask, image)
                await wait_all_tasks_blocked()
                assert rendering.begun <= 2
                with pytest.raises(PictureUnavailable) as refused:
                    await ask(images[3])
                assert refused.value.retry_after_s
                rendering.go.set()
            await ask(images[3])
        assert rendering.begun == 4


async def test_a_preview_has_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MAKE_LIMIT_S", 0.05)
    async with made(tmp_path) as (given, rendering, images):
        with fail_after(60), pytest.raises(PictureUnavailable):
            await given.preview(images[0], key_of(given, images[0]))
        monkeypatch.setattr(previews, "MAKE_LIMIT_S", 20)
        rendering.go.set()
        assert await given.preview(images[0], key_of(given, images[0]))


async def test_what_is_the_files_fault_is_not_tried_again_and_what_is_the_moments_is(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as (given, rendering, images):
        rendering.go.set()
        key = key_of(given, images[0])
        rendering.is_down = True
        with pytest.raises(PictureUnavailable):
            await given.preview(images[0], key)
        rendering.is_down = False
        rendering.fault = Rejected(ErrorCode.FILE_READ, "the disk or share does not answer")
        with pytest.raises(PictureUnavailable):
            await given.preview(images[0], key)
        rendering.fault = Rejected(ErrorCode.DECODING_IMAGE, "the header is damaged")
        for _ in range(3):
            with pytest.raises(ImageNotFound, match="damaged"):
                await given.preview(images[0], key)
        assert rendering.begun == 3
        rendering.fault = None
        assert await given.preview(images[1], key_of(given, images[1]))
        changed = replace(images[2], sha256=bytes(32))
        with pytest.raises(ImageNotFound, match="changed"):
            await given.preview(changed, key_of(given, changed))


async def test_a_preview_that_is_not_whole_on_the_disk_is_made_again(tmp_path: Path) -> None:
    async with made(tmp_path) as (given, rendering, images):
        rendering.go.set()
        key = key_of(given, images[0])
        shown = await given.preview(images[0], key)
        torn = {preview_key(key): preview_bytes(shown)[:-1]}
        shelf = ByteCache(str(tmp_path / "cache" / "previews"), limit_bytes=2**20)
        shelf.put(torn)
        shelf.close()
        assert await given.preview(images[0], key) == shown
        assert rendering.begun == 2


async def test_the_cache_keeps_no_more_than_its_limit(tmp_path: Path) -> None:
    keys = [PreviewKey("1", bytes([n]) * 32, 256, PreviewFormat.WEBP) for n in range(12)]
    async with open_preview_cache(tmp_path, limit_bytes=2**20) as cache:
        for key in keys:
            await cache.put(key, bytes([key.picture[0]]) * 200_000)
        kept = [key for key in keys if await cache.get(key) is not None]
        assert keys[-1] in kept
        assert 1 <= len(kept) <= 5


async def test_work_ends_when_the_client_leaves_and_else_gives_what_it_gives() -> None:
    leaves, began = Event(), Event()
    body = [b""]

    async def receive() -> Message:
        if body and body.pop() == b"":
            return {"type": "http.request", "body": b"", "more_body": False}
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def hanging() -> bytes:
        began.set()
        await Event().wait()
        return b"never"

    async def failing() -> bytes:
        raise ImageNotFound("It is not there.")

    async def quick() -> bytes:
        return b"at once"

    async def asked(work: Callable[[], Awaitable[bytes]]) -> bytes:
        return await unless_client_leaves(Request({"type": "http"}, receive), work)

    with fail_after(60):
        assert await asked(quick) == b"at once"
        with pytest.raises(ImageNotFound):
            await asked(failing)
        async with create_task_group() as tg:

            async def left() -> None:
                with pytest.raises(ClientDisconnect):
                    await asked(hanging)

            tg.start_soon(left)
            await began.wait()
            leaves.set()
