"""A table that is damaged while it is served: it is said at once, and an import rebuilds it."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.errors import reading
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from tests.component.bench import Bench, mixed_folder
from tests.component.orchestrator_app import check_problem, orchestrator
from tests.component.test_damaged_collections import (
    IMAGES,
    answers,
    check_damaged,
    check_other,
    table_in,
    two_collections,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def data_of_garbage(table: Path) -> None:
    for file in (table / "data").iterdir():
        file.write_bytes(b"\xab" * file.stat().st_size)


async def test_a_table_that_is_damaged_at_run_time_is_refused_at_once_and_rebuilt(
    tmp_path: Path,
) -> None:
    image_id = await two_collections(tmp_path)
    async with orchestrator(tmp_path) as running:
        data_of_garbage(table_in(tmp_path))
        check_problem(await running.http.get("/api/v1/images"), 503, ErrorCode.STORE_READ)
        detail = await check_damaged(running, image_id)  # of what was read, and what was not
        assert "Import its folders again" in detail
        await check_other(running)
        job = await running.ingested()
        assert (job["state"], job["counts"]["cached"]) == ("completed", IMAGES)
        assert running.service.images == 0
        shown = await running.get("/collections/default")
        assert (shown["state"], shown["detail"], shown["count"]) == ("ready", None, IMAGES)
        assert [answer.status_code for answer in await answers(running, image_id)] == [200] * 6
    async with orchestrator(tmp_path) as running:
        assert (await running.ingested())["counts"]["unchanged"] == IMAGES


async def test_a_read_that_fails_for_the_moment_condemns_no_table(tmp_path: Path) -> None:
    class Hindered(LanceStore):
        async def get(
            self, table: str, ids: Sequence[UUID], *, vectors: bool = False
        ) -> list[Point]:
            with reading(table):
                raise self.fault

        fault: Exception = OSError(errno.ETIMEDOUT, "timed out")

    def around(ports: Ports) -> Ports:
        return replace(ports, store=Hindered(str(tmp_path / "data" / "store")))

    await two_collections(tmp_path)
    async with orchestrator(tmp_path, around=around) as running:
        images = await running.http.get("/api/v1/images")
        check_problem(images, 503, ErrorCode.STORE_READ)
        assert (await running.get("/collections/default"))["state"] == "ready"
        Hindered.fault = OSError(errno.EIO, "Input/output error")
        check_problem(await running.http.get("/api/v1/images"), 503, ErrorCode.STORE_READ)
        assert (await running.get("/collections/default"))["state"] == "damaged"


async def test_what_a_late_reader_says_of_a_table_that_was_mended_is_not_believed() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    collections = bench.collections()
    late = StoreRead("It is damaged.", damaged_table="default")

    async def read_late() -> None:
        async with collections.reading("default") as collection:
            await collections.tables.mend(collection)
            raise late

    with pytest.raises(StoreRead):
        await read_late()
    async with collections.reading("default"):
        pass
    with pytest.raises(StoreRead):
        async with collections.reading("default"):
            raise StoreRead("Another one is.", damaged_table="default-words")
    with pytest.raises(StoreRead):
        async with collections.reading("default"):
            raise late
    with pytest.raises(StoreRead, match="It is damaged"):
        async with collections.reading("default"):
            raise AssertionError("it was refused")
