"""Rows that should not be there: a second one of an id, or one whose vector is not of norm 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID, VECTOR

_ROW = "_rowid"  # Lance's own number of a row; larger in what was written later
_ROWS_A_STATEMENT = 1000


async def drop_odd_rows(handle: Any, ids: Sequence[UUID], *, tolerance: float) -> None:
    """By the table's writer: nothing comes between the look and the deletion."""
    for start in range(0, len(ids), _ROWS_A_STATEMENT):
        some = ids[start : start + _ROWS_A_STATEMENT]
        query = handle.query().where(id_in(some)).select([ID, VECTOR]).with_row_id()
        odd = _odd((await query.to_arrow()).to_pydict(), tolerance)
        if odd:
            await handle.delete(f"{_ROW} IN ({', '.join(map(str, odd))})")


def _odd(rows: dict[str, list[Any]], tolerance: float) -> list[int]:
    kept: dict[str, int] = {}
    odd: list[int] = []
    for one, vector, row in sorted(
        zip(rows[ID], rows[VECTOR], rows[_ROW], strict=True), key=lambda found: -found[2]
    ):
        norm = float(np.linalg.norm(np.asarray(vector, dtype=np.float64)))
        if one in kept or not abs(norm - 1) <= tolerance:
            odd.append(row)
        else:
            kept[one] = row
    return odd
