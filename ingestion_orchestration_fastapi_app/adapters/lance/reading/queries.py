"""Reading a Lance table: look-ups, pages, all ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from lancedb.query import ColumnOrdering

from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import (
    CANDIDATES,
    LONGEST_READ,
)
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_points, to_vectors
from ingestion_orchestration_fastapi_app.adapters.lance.schema import (
    DISPLAY_PATH,
    ID,
    PAYLOAD_COLUMNS,
    ROOT_ID,
    VECTOR,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate

_IDS_A_GROUP = 8192
_IDS_A_STATEMENT = 1000


async def by_id(handle: Any, ids: Sequence[UUID], *, vectors: bool) -> list[Point]:
    """In the order asked for."""
    columns = [*PAYLOAD_COLUMNS, VECTOR] if vectors else [*PAYLOAD_COLUMNS]
    found: dict[UUID, Point] = {}
    async for rows in rows_by_id(handle, ids, columns):
        found.update((point.id, point) for point in to_points(rows))
    return [found[point_id] for point_id in ids if point_id in found]


async def vectors_by_id(handle: Any, ids: Sequence[UUID]) -> dict[UUID, Vector]:
    found: dict[UUID, Vector] = {}
    async for rows in rows_by_id(handle, ids, [ID, VECTOR]):
        found.update(zip(map(UUID, rows[ID].to_pylist()), to_vectors(rows), strict=True))
    return found


async def rows_by_id(
    handle: Any, ids: Sequence[UUID], columns: Sequence[str]
) -> AsyncIterator[Any]:
    """Arrow tables, in no order."""
    for start in range(0, len(ids), _IDS_A_STATEMENT):
        where = id_in(ids[start : start + _IDS_A_STATEMENT])
        yield await handle.query().where(where).select(list(columns)).to_arrow(timeout=LONGEST_READ)


async def by_path(handle: Any, where: str | None, *, limit: int, offset: int) -> list[Point]:
    """In the order of display path and id."""
    if limit <= 0:
        return []
    query = handle.query().select([*PAYLOAD_COLUMNS])
    if where is not None:
        query = query.where(where)
    order = [ColumnOrdering(column_name=DISPLAY_PATH), ColumnOrdering(column_name=ID)]
    rows = query.order_by(order).limit(limit).offset(offset)
    return to_points(await rows.to_arrow(timeout=LONGEST_READ))


async def in_id_order(handle: Any, where: str | None, *, limit: int) -> list[Candidate]:
    query = handle.query().select([*CANDIDATES.columns])
    if where is not None:
        query = query.where(where)
    order = [ColumnOrdering(column_name=ID)]
    rows = query.order_by(order).limit(limit)
    return CANDIDATES.made(await rows.to_arrow(timeout=LONGEST_READ))


async def all_ids(handle: Any, *, root_id: UUID | None) -> AsyncIterator[list[UUID]]:
    query = handle.query().select([ID])
    if root_id is not None:
        query = query.where(f"{ROOT_ID} = '{root_id}'")
    batches = await query.to_batches(max_batch_length=_IDS_A_GROUP)
    async for batch in batches:
        yield [UUID(text) for text in batch[ID].to_pylist()]
