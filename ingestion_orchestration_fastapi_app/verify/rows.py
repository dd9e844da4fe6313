"""The store's rows: as many as there are ids, and each known to the ledger."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.jobs.reports import EXAMPLES
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.jobs.context import Ports


@dataclass(frozen=True, slots=True)
class Rows:
    """`unknown` and `duplicated` count rows; of either a few ids."""

    rows: int
    ids: int
    unknown: int
    unknown_ids: Sequence[UUID]
    duplicated_ids: Sequence[UUID]

    @property
    def duplicated(self) -> int:
        return self.rows - self.ids


async def count_rows(ports: Ports, collection: CollectionRecord) -> Rows:
    """Changes nothing. Holds eight bytes a row."""
    marks, rows = array("Q"), 0
    unknown: set[UUID] = set()
    unknown_count = 0
    async for ids in ports.store.ids(collection.bound().table):
        rows += len(ids)
        marks.extend(mark(one) for one in ids)
        strangers = await _strangers(ports, collection, ids)
        unknown_count += len(strangers)
        unknown.update(sorted(strangers)[: EXAMPLES - len(unknown)])
    distinct, twice = len(np.unique(np.asarray(marks, dtype=np.uint64))), more_than_once(marks)
    return Rows(
        rows,
        distinct,
        unknown_count,
        sorted(unknown),
        await examples_of(ports.store.ids(collection.bound().table), twice),
    )


async def unknown_ids(ports: Ports, collection: CollectionRecord) -> AsyncIterator[list[UUID]]:
    """In groups, none empty."""
    async for ids in ports.store.ids(collection.bound().table):
        strangers = await _strangers(ports, collection, ids)
        if strangers:
            yield sorted(strangers)


async def duplicated_ids(ports: Ports, collection: CollectionRecord) -> AsyncIterator[list[UUID]]:
    """In groups, none empty; an id comes as often as it has rows. Holds eight bytes a row."""
    table, marks = collection.bound().table, array("Q")
    async for ids in ports.store.ids(table):
        marks.extend(map(mark, ids))
    twice = more_than_once(marks)
    if not twice:
        return
    async for ids in ports.store.ids(table):
        found = [one for one in ids if mark(one) in twice]
        if found:
            yield found


async def _strangers(ports: Ports, collection: CollectionRecord, ids: Sequence[UUID]) -> set[UUID]:
    """Of these rows those of which the ledger knows nothing, and that are still there.

    A second look at both tells what was just removed, or written, from what nobody knows.
    """
    artefacts = ports.ledger.artefacts
    unknown = set(ids) - await artefacts.maybe_written(collection.bound().id, ids)
    if not unknown:
        return unknown
    there = {point.id for point in await ports.store.get(collection.bound().table, sorted(unknown))}
    return there - await artefacts.maybe_written(collection.bound().id, sorted(there))


async def examples_of(groups: AsyncIterator[list[UUID]], marks: set[int]) -> Sequence[UUID]:
    """A few of the ids that have these marks."""
    found: set[UUID] = set()
    if not marks:
        return ()
    async for ids in groups:
        found.update(one for one in ids if mark(one) in marks)
        if len(found) >= EXAMPLES:
            break
    return sorted(found)[:EXAMPLES]


def more_than_once(marks: array[int]) -> set[int]:
    found, counts = np.unique(np.asarray(marks, dtype=np.uint64), return_counts=True)
    return set(found[counts > 1].tolist())


def mark(one: UUID) -> int:
    return int.from_bytes(one.bytes[:8])  # ids are hashes: of a million no two begin alike
