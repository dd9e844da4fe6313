"""Pictures are served by what the catalogue says; where it says nothing, by the points."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

PARTS = ("thumbnail", "preview?size=256", "file")


class Counted:
    """The real store, which remembers who was looked up in it."""

    def __init__(self, really: VectorStore) -> None:
        self._really = really
        self.asked: list[UUID] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._really, name)

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        self.asked += ids
        return await self._really.get(table, ids, vectors=vectors)


@asynccontextmanager
async def one_image(folder: Path) -> AsyncIterator[tuple[Running, Counted, UUID]]:
    counted: list[Counted] = []

    def around(ports: Ports) -> Ports:
        counted.append(Counted(ports.store))
        return replace(ports, store=counted[0])  # type: ignore[arg-type]  # it is one, but for mypy

    paint(folder / "photos" / "a.png", "red", side_px=300)
    async with orchestrator(folder, around=around) as running:
        await running.ingested()
        (image,) = (await running.get("/images"))["images"]
        counted[0].asked.clear()
        yield running, counted[0], UUID(image["id"])


async def seen(running: Running, image_id: UUID) -> list[bytes]:
    answers = [await running.http.get(f"/api/v1/images/{image_id}/{part}") for part in PARTS]
    assert [answer.status_code for answer in answers] == [200] * len(PARTS)
    return [answer.content for answer in answers]


async def test_what_the_catalogue_knows_is_served_without_a_look_at_the_points(
    tmp_path: Path,
) -> None:
    async with one_image(tmp_path) as (running, store, image_id):
        of_catalogue = await seen(running, image_id)
        assert store.asked == []
        services = running.app.state.services
        record = await services.collections.get("default")
        await services.ports.ledger.catalogue.forget(record.id, [image_id])
        assert await seen(running, image_id) == of_catalogue
        assert store.asked == [image_id] * len(PARTS)


async def test_what_is_forgotten_or_never_was_is_not_there(tmp_path: Path) -> None:
    async with one_image(tmp_path) as (running, _, image_id):
        assert (await running.http.delete(f"/api/v1/images/{image_id}")).status_code == 200
        for one in (image_id, UUID(int=7)):
            for part in PARTS:
                answer = await running.http.get(f"/api/v1/images/{one}/{part}")
                check_problem(answer, 404, ErrorCode.IMAGE_NOT_FOUND)
