"""Reading a Lance table: nearest vectors, look-ups, pages, all ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from lancedb.query import ColumnOrdering

from ingestion_orchestration_fastapi_app.adapters.vector_store.filters_sql import condition, id_in
from ingestion_orchestration_fastapi_app.adapters.vector_store.schema import (
    DISPLAY_PATH,
    ID,
    PAYLOAD_COLUMNS,
    ROOT_ID,
    VECTOR,
    to_points,
)
from ingestion_orchestration_fastapi_app.core.files import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.core.filters import Filters

_DISTANCE = "_distance"
_IDS_A_GROUP = 8192
_IDS_A_STATEMENT = 1000
_REFINE_ROWS = 5  # candidates read in full for each row wanted: the index holds 8 bits a number
_LEAST_CANDIDATES = 300
# Further down a flat search is as fast as the graph, whose beam grows with the depth, and exact.
_DEEPEST_IN_GRAPH = 1000
_LONGEST_SEARCH = timedelta(seconds=60)  # an answer, even where Lance would wait for ever


async def nearest(
    handle: Any, vector: Vector, *, limit: int, offset: int, filters: Filters, indexed: bool
) -> list[Hit]:
    """By cosine, best first, ties by id. Exact below the index, or where it finds too few."""
    wanted = offset + limit
    if limit <= 0:
        return []
    where = condition(filters)
    take = wanted + 1
    while True:
        in_graph = indexed and take <= _DEEPEST_IN_GRAPH
        found = await _nearest(handle, vector, take, where, in_graph=in_graph)
        if in_graph and found.num_rows < take:
            indexed = False  # a narrow filter leaves the graph with too few neighbours
            continue
        if found.num_rows < take or _tie_ends(found, wanted):
            break
        take *= 2  # equal scores reach over the page's end: all of them are needed to order them
    order = np.lexsort((found[ID].to_pylist(), found[_DISTANCE].to_numpy()))[offset:wanted]
    rows = found.take(pa.array(order))
    scores = 1.0 - rows[_DISTANCE].to_numpy().astype(np.float64)
    points = to_points(rows)
    return [Hit(point, float(score)) for point, score in zip(points, scores, strict=True)]


def _tie_ends(found: Any, wanted: int) -> bool:
    distances = np.sort(found[_DISTANCE].to_numpy())
    return bool(distances[-1] > distances[wanted - 1])


async def _nearest(
    handle: Any, vector: Vector, take: int, where: str | None, *, in_graph: bool
) -> Any:
    query = handle.query().nearest_to(vector).distance_type("cosine").limit(take)
    query = query.select([*PAYLOAD_COLUMNS, _DISTANCE])
    if where is not None:
        query = query.where(where)  # before the search, not after: a filter costs no results
    if in_graph:
        # Lance wants a beam (`ef`) that is no narrower than what it refines.
        refined = _REFINE_ROWS * take
        query = query.refine_factor(_REFINE_ROWS).ef(max(_LEAST_CANDIDATES, refined))
    else:
        query = query.bypass_vector_index()
    return await query.to_arrow(timeout=_LONGEST_SEARCH)


async def by_id(handle: Any, ids: Sequence[UUID], *, vectors: bool) -> list[Point]:
    """In the order asked for."""
    columns = [*PAYLOAD_COLUMNS, VECTOR] if vectors else [*PAYLOAD_COLUMNS]
    found: dict[UUID, Point] = {}
    for start in range(0, len(ids), _IDS_A_STATEMENT):
        where = id_in(ids[start : start + _IDS_A_STATEMENT])
        rows = await handle.query().where(where).select(columns).to_arrow()
        found.update((point.id, point) for point in to_points(rows))
    return [found[point_id] for point_id in ids if point_id in found]


async def by_path(handle: Any, *, limit: int, offset: int, filters: Filters) -> list[Point]:
    """In the order of display path and id."""
    if limit <= 0:
        return []
    query = handle.query().select([*PAYLOAD_COLUMNS])
    where = condition(filters)
    if where is not None:
        query = query.where(where)
    order = [ColumnOrdering(column_name=DISPLAY_PATH), ColumnOrdering(column_name=ID)]
    return to_points(await query.order_by(order).limit(limit).offset(offset).to_arrow())


async def all_ids(handle: Any, *, root_id: UUID | None) -> AsyncIterator[list[UUID]]:
    query = handle.query().select([ID])
    if root_id is not None:
        query = query.where(f"{ROOT_ID} = '{root_id}'")
    batches = await query.to_batches(max_batch_length=_IDS_A_GROUP)
    async for batch in batches:
        yield [UUID(text) for text in batch[ID].to_pylist()]
