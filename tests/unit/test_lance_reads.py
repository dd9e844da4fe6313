"""Reads of a Lance table give an answer, even where the table never does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import lancedb
import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.indexing.shape import IndexShape
from ingestion_orchestration_fastapi_app.adapters.lance.reading import queries
from ingestion_orchestration_fastapi_app.adapters.lance.reading.nearest import Nearest
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import CANDIDATES, POINTS
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_table
from ingestion_orchestration_fastapi_app.adapters.lance.words import full_text
from ingestion_orchestration_fastapi_app.domain.search.word_query import word_query
from tests.component.store_fixtures import point

pytestmark = pytest.mark.anyio

DIM = 16
_ROWS = 400


class Silent:
    """A table, and each query of it: it never answers, and gives up after the time it was told."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: self

    async def version(self) -> int:
        return 1

    async def to_arrow(self, *, timeout: timedelta | None = None) -> Any:  # Lance's
        assert timeout is not None, "it would be waited for without end"
        raise TimeoutError


async def test_no_read_of_a_table_is_waited_for_without_end() -> None:
    table, one = Silent(), UUID(int=1)
    vector = np.ones(4, np.float32)
    nearest = Nearest(CANDIDATES, table, vector, None, 5, 0, None)
    for read in (
        queries.by_id(table, [one], vectors=True),
        queries.by_path(table, "true", limit=5, offset=0),
        queries.in_id_order(table, None, limit=5),
        queries.vectors_by_id(table, [one]),
        *(nearest.hits(index=index) for index in (None, *IndexShape)),
        full_text.found(table, word_query("a dog"), limit=5, among=None),
    ):
        with pytest.raises(TimeoutError):
            await read


class Compacted:
    """A table that is compacted between the first look and the second: rows have other numbers."""

    def __init__(self, handle: Any, *, times: int) -> None:
        self._handle = handle
        self._left = times
        self._version = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    async def version(self) -> int:
        return self._version

    def take_row_ids(self, numbers: list[int]) -> Any:
        if self._left:
            self._left -= 1
            self._version += 1
            numbers = [number + 1 for number in numbers]
        return self._handle.take_row_ids(numbers)


@pytest.mark.parametrize("times", [1, 3, 99])
async def test_a_row_that_moved_between_two_looks_is_not_taken_for_another(
    tmp_path: Path, times: int
) -> None:
    connection = await lancedb.connect_async(str(tmp_path))
    rows = to_table([point(number) for number in range(_ROWS)], dim=DIM)
    handle = await connection.create_table("photos", rows)
    wanted = point(7)
    table = Compacted(handle, times=times)  # where it never rests every vector is looked at
    kinds: tuple[Any, ...] = (CANDIDATES, POINTS)
    for rows_of in kinds:
        nearest = Nearest(rows_of, table, wanted.vector, None, 3, 0, None)
        hits = await nearest.hits(index=IndexShape.PARTITIONS)
        expected = await nearest.hits(index=None)
        assert hits[0][0].id == wanted.id
        assert [(row.id, score) for row, score in hits] == [
            (row.id, score) for row, score in expected
        ]
