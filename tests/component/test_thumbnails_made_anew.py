"""Thumbnails that the cache has let go, made anew: beside jobs that hold everything, or not now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import fail_after, sleep_forever

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Prepared
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.library.pictures import thumbnails
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.memory_ports import MemoryContentCache
from utils.contract import ClipUpload, ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

pytestmark = pytest.mark.anyio


class NoPictures(MemoryContentCache):
    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]:
        return {}


class Altered:
    """The real preparation, until it is told otherwise."""

    def __init__(self, really: Preparation) -> None:
        self._really = really
        self.is_down = False
        self.hangs = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._really, name)

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected:
        if self.is_down:
            raise DecodersDownError("no decoder process could be started")
        if self.hangs:
            await sleep_forever()
        return await self._really.prepare(content, clip, whole_side_px=whole_side_px)


@asynccontextmanager
async def without_pictures(folder: Path) -> AsyncIterator[tuple[Running, Altered, str]]:
    """With the address of a thumbnail that must be made."""
    altered: list[Altered] = []

    def around(ports: Ports) -> Ports:
        altered.append(Altered(ports.preparation))
        return replace(ports, cache=NoPictures(), preparation=altered[0])

    paint(folder / "photos" / "a.png", "red")
    async with orchestrator(folder, around=around) as running:
        await running.ingested()
        (image,) = (await running.get("/images"))["images"]
        yield running, altered[0], image["thumbnail_url"]


def check_later(response: httpx.Response) -> None:
    check_problem(response, 503, ErrorCode.PICTURE_UNAVAILABLE)
    assert int(response.headers["Retry-After"]) >= 1


async def test_a_thumbnail_does_not_wait_for_the_memory_of_jobs(tmp_path: Path) -> None:
    """Those that wait for an inference service hold theirs for as long as it takes."""
    async with without_pictures(tmp_path) as (running, _, url):
        await running.app.state.services.ports.budget.take(2**62)  # all that there is
        with fail_after(60):
            response = await running.http.get(url)
        assert (response.status_code, response.headers["content-type"]) == (200, "image/webp")


async def test_where_no_decoder_can_start_the_thumbnail_may_be_asked_for_later(
    tmp_path: Path,
) -> None:
    async with without_pictures(tmp_path) as (running, preparation, url):
        preparation.is_down = True
        check_later(await running.http.get(url))
        preparation.is_down = False
        assert (await running.http.get(url)).status_code == 200


async def test_each_request_for_a_thumbnail_has_a_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MAKE_LIMIT_S", 0.05)
    async with without_pictures(tmp_path) as (running, preparation, url):
        preparation.hangs = True
        check_later(await running.http.get(url))
