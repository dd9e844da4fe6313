"""Reads of a Lance table give an answer, even where the table never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.indexing.shape import IndexShape
from ingestion_orchestration_fastapi_app.adapters.lance.reading import queries
from ingestion_orchestration_fastapi_app.adapters.lance.reading.nearest import Nearest
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import CANDIDATES
from ingestion_orchestration_fastapi_app.adapters.lance.words import full_text
from ingestion_orchestration_fastapi_app.domain.search.word_query import word_query

pytestmark = pytest.mark.anyio


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
