"""All of one version of a table, whatever is written meanwhile: the twin, a folder, a bucket."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore, VersionGoneError
from tests.component.store_fixtures import COLLECTION, filled, point, points

pytestmark = pytest.mark.anyio


async def read(
    store: VectorStore, version: int, *, skip: int = 0, filters: Filters | None = None
) -> list[Point]:
    found: list[Point] = []
    groups = store.points(
        COLLECTION, version=version, skip=skip, filters=filters or Filters(), vectors=True
    )
    async with aclosing(groups):
        async for group in groups:
            found += group
    return found


async def test_a_version_is_read_as_it_was_and_always_in_one_order(store: VectorStore) -> None:
    await filled(store, 40)
    version = await store.version(COLLECTION)
    first = await read(store, version)
    await store.delete(COLLECTION, [point(3).id, point(30).id])
    await store.write(COLLECTION, points(40, 45), may_exist=())
    await store.write(COLLECTION, points(0, 2), may_exist=[point(0).id, point(1).id])
    again = await read(store, version)
    assert [one.id for one in again] == [one.id for one in first]
    assert len({one.id for one in first}) == 40
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
    for skip in (1, 17, 39, 40):
        rest = await read(store, version, skip=skip)
        assert [one.id for one in rest] == [one.id for one in first[skip:]]
    now = await read(store, await store.version(COLLECTION))
    assert len(now) == 43


async def test_filters_leave_the_order_as_it_is(store: VectorStore) -> None:
    await filled(store, 20)
    version = await store.version(COLLECTION)
    wanted = frozenset(point(one).id for one in (2, 5, 7, 11, 19))
    found = await read(store, version, filters=Filters(ids=wanted))
    assert {one.id for one in found} == wanted
    rest = await read(store, version, skip=2, filters=Filters(ids=wanted))
    assert [one.id for one in rest] == [one.id for one in found[2:]]


async def test_a_version_that_is_not_there_and_a_table_that_is_not_are_said(
    store: VectorStore,
) -> None:
    await filled(store, 3)
    with pytest.raises(VersionGoneError):
        await read(store, 999_999)
    with pytest.raises(StoreRead):
        await store.version("none")


async def test_what_is_being_read_is_not_pruned(tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path), keep_versions_s=0.0, compact_every_fragments=1)
    await filled(store, 2000)
    version = await store.version(COLLECTION)
    groups = store.points(COLLECTION, version=version, vectors=True)
    async with aclosing(groups):
        found = await anext(groups)
        await store.delete(COLLECTION, [one.id for one in points(0, 1500)])
        await store.upkeep(COLLECTION)
        async for group in groups:
            found += group
    assert len({one.id for one in found}) == 2000
    await store.upkeep(COLLECTION)
    with pytest.raises(VersionGoneError):
        await read(store, version)
    await store.aclose()
