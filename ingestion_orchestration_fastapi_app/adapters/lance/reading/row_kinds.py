"""What a search reads of a row: all of a point, or only what candidates are compared by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_points
from ingestion_orchestration_fastapi_app.adapters.lance.schema import (
    DISPLAY_PATH,
    ID,
    PAYLOAD_COLUMNS,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate

_IDS_A_STATEMENT = 1000
LONGEST_READ = timedelta(seconds=60)  # an answer, even where Lance would wait for ever

Row = TypeVar("Row", Point, Candidate)


@dataclass(frozen=True, slots=True)
class RowKind(Generic[Row]):
    """`made` gives an Arrow table's rows in order."""

    columns: tuple[str, ...]
    made: Callable[[Any], list[Row]]

    async def by_id(self, handle: Any, ids: Sequence[UUID]) -> list[Row]:
        """In the order asked for; what is not there is left out."""
        found: dict[UUID, Row] = {}
        async for rows in rows_by_id(handle, ids, self.columns):
            found.update((one.id, one) for one in self.made(rows))
        return [found[point_id] for point_id in ids if point_id in found]


def _to_candidates(table: Any) -> list[Candidate]:
    return [
        Candidate(
            UUID(row[ID]),
            row["path"],
            row[DISPLAY_PATH],
            row["sha256"],
            row["format"],
            row["phash"],
            row["taken_at"],
        )
        for row in table.select(CANDIDATES.columns).to_pylist()
    ]


POINTS = RowKind(PAYLOAD_COLUMNS, to_points)
CANDIDATES = RowKind(
    (ID, "path", DISPLAY_PATH, "sha256", "format", "phash", "taken_at"), _to_candidates
)


async def rows_by_id(
    handle: Any, ids: Sequence[UUID], columns: Sequence[str]
) -> AsyncIterator[Any]:
    """Arrow tables, in no order."""
    for start in range(0, len(ids), _IDS_A_STATEMENT):
        where = id_in(ids[start : start + _IDS_A_STATEMENT])
        yield await handle.query().where(where).select(list(columns)).to_arrow(timeout=LONGEST_READ)
