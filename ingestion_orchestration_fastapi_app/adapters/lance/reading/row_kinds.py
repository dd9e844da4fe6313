"""What a search reads of a row: all of a point, or only what candidates are compared by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_points
from ingestion_orchestration_fastapi_app.adapters.lance.schema import (
    DISPLAY_PATH,
    ID,
    PAYLOAD_COLUMNS,
    VECTOR,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate

LONGEST_READ = timedelta(seconds=60)  # an answer, even where Lance would wait for ever

Row = TypeVar("Row", Point, Candidate)


@dataclass(frozen=True, slots=True)
class RowKind(Generic[Row]):
    """`made` gives an Arrow table's rows in order."""

    columns: tuple[str, ...]
    made: Callable[[Any], list[Row]]


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
WITH_VECTORS = RowKind((*PAYLOAD_COLUMNS, VECTOR), to_points)
CANDIDATES = RowKind(
    (ID, "path", DISPLAY_PATH, "sha256", "format", "phash", "taken_at"), _to_candidates
)
