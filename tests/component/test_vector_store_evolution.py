"""A table that an earlier version made opens, keeps its points, and takes new ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_table
from ingestion_orchestration_fastapi_app.adapters.lance.schema import PAYLOAD_COLUMNS, VECTOR
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.component.store_fixtures import (
    COLLECTION,
    DIM,
    ids,
    local_store,
    point,
    points,
    row_ids,
    unit,
)
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio

OF_THE_FIRST_VERSION = PAYLOAD_COLUMNS[: PAYLOAD_COLUMNS.index("job_id") + 1]


async def first_versions_table(folder: Path) -> int:
    """Twenty points as the first version wrote them. Returns the table's version."""
    rows = to_table(points(0, 20), dim=DIM).select([*OF_THE_FIRST_VERSION, VECTOR])
    connection = await lancedb.connect_async(str(folder))
    table = await connection.create_table(COLLECTION, schema=rows.schema)
    await table.add(rows)
    return int(await table.version())


def as_the_first_version_knew(found: Point) -> Point:
    said = found.metadata
    return replace(
        found,
        metadata=Metadata(
            taken_at=said.taken_at,
            camera_make=said.camera_make,
            camera_model=said.camera_model,
            latitude=said.latitude,
            longitude=said.longitude,
        ),
    )


async def test_an_old_table_keeps_its_points_and_takes_new_ones(tmp_path: Path) -> None:
    version = await first_versions_table(tmp_path)
    store = local_store(str(tmp_path))
    opened = await store.open(COLLECTION, synced_version=version)
    assert not opened.restored
    assert opened.version > version, "the caller must hear of what was added"
    (held,) = await store.get(COLLECTION, [point(1).id])
    bare = replace(point(1), vector=held.vector)
    assert held == as_the_first_version_knew(bare)

    await store.write(COLLECTION, points(10, 30), may_exist={each.id for each in points(10, 20)})
    await store.upkeep(COLLECTION)
    assert await row_ids(store) == sorted(each.id for each in points(0, 30))
    wanted = Filters(rating_min=3, keywords=("rom",))
    hits = await store.search(COLLECTION, unit(1), limit=50, filters=wanted)
    assert {hit.point.id for hit in hits} == {
        each.id for each in points(10, 30) if wanted.matches(each)
    }
    await store.aclose()


async def test_an_old_table_is_added_to_once(tmp_path: Path) -> None:
    version = await first_versions_table(tmp_path)
    first = await local_store(str(tmp_path)).open(COLLECTION, synced_version=version)
    again = await local_store(str(tmp_path)).open(COLLECTION, synced_version=first.version)
    assert again == first


async def test_a_search_needs_no_opening_of_an_old_table(tmp_path: Path) -> None:
    await first_versions_table(tmp_path)
    page = await local_store(str(tmp_path)).page(COLLECTION, limit=3, offset=0)
    assert len(ids(page)) == 3


async def test_texts_of_an_old_table_are_found_like_those_of_a_new_one(tmp_path: Path) -> None:
    """Also where the first try at it was cut off."""
    said = Metadata(camera_make="Léica", lens="Großes", keywords=("Cafe\u0301", "Straße", "x"))
    odd = point(100, display_path="/photos/Cafe\u0301/a.jpg", metadata=said)
    rows = to_table([*points(0, 20), odd], dim=DIM).select([*PAYLOAD_COLUMNS, VECTOR])
    connection = await lancedb.connect_async(str(tmp_path))
    table = await connection.create_table(COLLECTION, schema=rows.schema)
    await table.add(rows)
    await table.add_columns(pa.schema([pa.field("path_folded", pa.string())]))
    store = local_store(str(tmp_path))
    for filters in (
        Filters(path_prefix="/photos/Café/"),
        Filters(path_prefix="/PHOTOS/CAFE\u0301"),
        Filters(keywords=("CAFÉ",)),
        Filters(keywords=("STRASSE", "X")),
        Filters(camera="LE\u0301ICA"),
        Filters(lens="GROSSES"),
    ):
        assert ids(await store.page(COLLECTION, limit=9, offset=0, filters=filters)) == [odd.id]
    assert len(await row_ids(store)) == 21
    assert (await store.get(COLLECTION, [odd.id], vectors=True))[0].metadata.lens == "Großes"
