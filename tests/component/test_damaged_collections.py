"""Collections whose tables cannot be used at a start: it is said, and they are rebuilt."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.schema import VECTOR, schema
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead, StoreWrite
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.fakes import DIM
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

IMAGES = 4


def manifests_of_garbage(table: Path) -> None:
    for manifest in (table / "_versions").glob("*.manifest"):
        manifest.write_bytes(b"\xab\xcd" * 400)


def manifests_of_a_newer_lance(table: Path) -> None:
    for manifest in (table / "_versions").glob("*.manifest"):
        content = bytearray(manifest.read_bytes())
        content[-20:-16] = b"\xff" * 4
        manifest.write_bytes(content)


def no_versions(table: Path) -> None:
    for one in (table / "_versions").iterdir():
        one.unlink()


def a_file_instead(table: Path) -> None:
    shutil.rmtree(table)
    table.write_bytes(b"x")


def gone(table: Path) -> None:
    shutil.rmtree(table)


def another_schema(table: Path) -> None:
    shutil.rmtree(table)
    made = lancedb.connect(str(table.parent)).create_table("default", pa.table({"a": [1, 2]}))
    made.add(pa.table({"a": [3]}))


def vectors_of_another_kind(table: Path) -> None:
    shutil.rmtree(table)
    columns = schema(DIM)
    place = columns.get_field_index(VECTOR)
    columns = columns.set(place, pa.field(VECTOR, pa.list_(pa.float32())))
    made = lancedb.connect(str(table.parent)).create_table("default", schema=columns)
    made.update_field_metadata({"path": "id", "metadata": {"a": "b"}})


def another_dimension(table: Path) -> None:
    shutil.rmtree(table)
    lancedb.connect(str(table.parent)).create_table("default", schema=schema(2 * DIM))


def a_column_less(table: Path) -> None:
    lancedb.connect(str(table.parent)).open_table("default").drop_columns(["camera_make"])


DAMAGES: list[Callable[[Path], None]] = [
    manifests_of_garbage,
    manifests_of_a_newer_lance,
    no_versions,
    a_file_instead,
    gone,
    another_schema,
    vectors_of_another_kind,
    another_dimension,
    a_column_less,
]


async def two_collections(folder: Path) -> str:
    """`default`, which is going to be damaged, and `other`. Returns the id of an image."""
    for number in range(IMAGES):
        paint(folder / "photos" / f"{number}.png", "red", side_px=60 + number)
    async with orchestrator(folder) as running:
        await running.ingested()
        await running.post("/collections", {"name": "other"})
        await running.ingested(collection="other")
        found = await running.get("/images?limit=1")
        return str(found["images"][0]["id"])


def table_in(folder: Path) -> Path:
    return folder / "data" / "store" / "default.lance"


async def answers(running: Running, image_id: str) -> list[Any]:
    """Each way to ask for what is in the table."""
    search = {"query": "red", "collection": "default"}
    return [
        await running.post("/search/text", search),
        await running.http.get(f"/api/v1/images/{image_id}/similar"),
        await running.http.get("/api/v1/images"),
        await running.http.get(f"/api/v1/images/{image_id}"),
        await running.http.get(f"/api/v1/images/{image_id}/thumbnail"),
        await running.http.get(f"/api/v1/images/{image_id}/file"),
    ]


async def check_damaged(running: Running, image_id: str) -> str:
    """Returns what is said of it."""
    for answer in await answers(running, image_id):
        if answer.status_code != 404 or answer.json()["code"] != ErrorCode.NOT_FOUND:
            check_problem(answer, 503, ErrorCode.STORE_READ)
    shown = await running.get("/collections/default")
    assert (shown["state"], shown["count"]) == ("damaged", None)
    all_listed = (await running.get("/collections"))["collections"]
    [listed] = [one for one in all_listed if one["name"] == "default"]
    assert {field: shown[field] for field in listed} == listed  # one alone is shown with more
    return str(shown["detail"])


async def check_other(running: Running) -> None:
    other = await running.get("/collections/other")
    assert (other["state"], other["detail"], other["count"]) == ("ready", None, IMAGES)
    found = await running.post("/search/text", {"query": "red", "collection": "other"})
    assert len(found.json()["results"]) == IMAGES


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
async def test_a_table_that_cannot_be_used_is_said_and_rebuilt_without_inference(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    image_id = await two_collections(tmp_path)
    damage(table_in(tmp_path))
    async with orchestrator(tmp_path) as running:
        detail = await check_damaged(running, image_id)
        assert "Import its folders again" in detail
        await check_other(running)
    async with orchestrator(tmp_path) as running:  # a start alone mends and hides nothing
        assert await check_damaged(running, image_id) == detail
        job = await running.ingested()
        assert (job["state"], job["counts"]["cached"]) == ("completed", IMAGES)
        assert any(f"damaged: {IMAGES} images" in warning for warning in job["warnings"])
        assert running.service.images == 0
        shown = await running.get("/collections/default")
        assert (shown["state"], shown["detail"], shown["count"]) == ("ready", None, IMAGES)
        images = (await running.get("/images"))["images"]
        assert len(images) == IMAGES
        assert image_id in {image["id"] for image in images}
    async with orchestrator(tmp_path) as running:
        again = await running.ingested()
        assert (again["counts"]["unchanged"], again["warnings"]) == (IMAGES, [])


FAULTS = [
    StoreRead("It cannot be read now."),
    StoreWrite("It cannot be written now."),
    DiskFull("The disk is full."),
    PermissionError(13, "Permission denied"),
    AttributeError("no such thing"),
    ZeroDivisionError("a bug"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: type(each).__name__)
async def test_whatever_is_raised_by_one_table_the_others_are_served(
    tmp_path: Path, fault: Exception
) -> None:
    class Refusing(LanceStore):
        async def open(
            self, table: str, *, synced_version: int | None, dim: int | None = None
        ) -> Opened:
            if table == "default" and self.is_refusing:
                raise fault
            return await super().open(table, synced_version=synced_version, dim=dim)

        is_refusing = True

    def around(ports: Ports) -> Ports:
        return replace(ports, store=Refusing(str(tmp_path / "data" / "store")))

    image_id = await two_collections(tmp_path)
    async with orchestrator(tmp_path, around=around) as running:
        await check_damaged(running, image_id)
        await check_other(running)
        Refusing.is_refusing = False
        job = await running.ingested()  # what it was is over: nothing is rebuilt
        assert (job["state"], job["counts"]["unchanged"]) == ("completed", IMAGES)
        assert (await running.get("/collections/default"))["state"] == "ready"
        assert running.service.images == 0


async def test_images_that_a_torn_version_took_along_are_told_of(tmp_path: Path) -> None:
    await two_collections(tmp_path)
    newest = min((table_in(tmp_path) / "_versions").glob("*.manifest"))
    newest.write_bytes(b"\0" * newest.stat().st_size)
    async with orchestrator(tmp_path) as running:
        shown = await running.get("/collections/default")
        assert shown["count"] < IMAGES
        assert shown["state"] == "ready"
        assert f"{IMAGES - shown['count']} images" in shown["detail"]
        await running.ingested()
        assert (await running.get("/collections/default"))["detail"] is None


@asynccontextmanager
async def damaged(folder: Path) -> AsyncIterator[Running]:
    await two_collections(folder)
    manifests_of_garbage(table_in(folder))
    async with orchestrator(folder) as running:
        yield running


async def test_a_damaged_collection_can_be_deleted_and_made_anew(tmp_path: Path) -> None:
    async with damaged(tmp_path) as running:
        deleted = await running.http.delete("/api/v1/collections/default")
        assert deleted.status_code == 204, deleted.text
        assert (await running.post("/collections", {"name": "default"})).status_code == 201
        job = await running.ingested()
        assert (job["state"], job["counts"]["cached"]) == ("completed", IMAGES)
        assert (await running.get("/collections/default"))["state"] == "ready"


async def test_no_root_of_a_damaged_collection_begins_to_move(tmp_path: Path) -> None:
    """Until it has ended no job may start, which alone could rebuild the table."""
    async with damaged(tmp_path) as running:
        (running.photos / "new").mkdir()
        root = {"from": str(running.photos), "to": str(running.photos / "new")}
        check_problem(
            await running.post("/collections/default/roots/repoint", root),
            503,
            ErrorCode.STORE_READ,
        )
        assert (await running.ingested())["state"] == "completed"


async def test_a_table_that_was_damaged_while_a_root_moved_is_rebuilt_at_the_start(
    tmp_path: Path,
) -> None:
    await two_collections(tmp_path)
    async with orchestrator(tmp_path) as running:
        ledger = running.app.state.services.ports.ledger
        collection = await ledger.collections.find("default")
        changes = {root.id: os.fsencode(tmp_path / "moved") for root in collection.roots}
        await ledger.roots.begin_changes(collection.id, changes)
    manifests_of_garbage(table_in(tmp_path))
    async with orchestrator(tmp_path) as running:
        shown = await running.get("/collections/default")
        assert (shown["state"], shown["roots"]) == ("ready", [str(tmp_path / "moved")])
        assert (await running.ingested())["state"] == "completed"


@pytest.mark.parametrize("damage", [manifests_of_garbage, another_schema, another_dimension])
async def test_a_damaged_table_that_outlived_its_ledger_stops_no_import(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    await two_collections(tmp_path)
    damage(table_in(tmp_path))
    for one in (tmp_path / "data").glob("ledger.sqlite*"):
        one.unlink()
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        assert (job["state"], job["counts"]["cached"]) == ("completed", IMAGES), job
        assert (await running.get("/collections/default"))["count"] == IMAGES
