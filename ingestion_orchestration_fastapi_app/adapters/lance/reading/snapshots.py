"""Reading all of one version of a Lance table, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.schema import PAYLOAD_COLUMNS, VECTOR
from ingestion_orchestration_fastapi_app.ports.vector_store import VersionGoneError

ROWS_A_GROUP = 1024
_ALL = 2**31 - 1  # Lance takes an offset with a limit only


async def check_out(handle: Any, version: int) -> None:
    """Of a handle that nobody else has. Raises VersionGoneError."""
    try:
        await handle.checkout(version)
    except ValueError as exc:
        raise VersionGoneError(str(exc)) from exc


async def rows(handle: Any, where: str | None, *, skip: int, vectors: bool) -> AsyncIterator[Any]:
    """Arrow tables in the order of the rows. Fragments may be small: a group is of several."""
    columns = [*PAYLOAD_COLUMNS, VECTOR] if vectors else [*PAYLOAD_COLUMNS]
    query = handle.query().select(columns)
    if where is not None:
        query = query.where(where)
    if skip:
        query = query.offset(skip).limit(_ALL)
    kept: list[Any] = []
    async for batch in await query.to_batches(max_batch_length=ROWS_A_GROUP):
        kept.append(batch)
        if sum(one.num_rows for one in kept) >= ROWS_A_GROUP:
            yield pa.Table.from_batches(kept)
            kept = []
    if kept:
        yield pa.Table.from_batches(kept)
