"""The words' rows: one for each point, and no other."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.jobs.reports import EXAMPLES
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.library.words.faults import of_words
from ingestion_orchestration_fastapi_app.verify.rows import examples_of, mark, more_than_once


@dataclass(frozen=True, slots=True)
class WordRows:
    """`missing`: points without words, `unknown`: words of no point, `doubled`: rows beside the
    first of a point; of each a few ids.
    """

    rows: int
    missing: int
    missing_ids: Sequence[UUID]
    unknown: int
    unknown_ids: Sequence[UUID]
    doubled: int
    doubled_ids: Sequence[UUID]

    @property
    def are_whole(self) -> bool:
        return not (self.missing or self.unknown or self.doubled)


async def count_words(ports: Ports, collection: CollectionRecord, table: str) -> WordRows:
    """Changes nothing. What an import or a removal is at meanwhile is not blamed. Holds eight bytes
    a row. Raises WordsLostError; StoreRead of the points' table alone.
    """
    generation, artefacts = collection.bound(), ports.ledger.artefacts
    marks, missing, unknown = array("Q"), 0, 0
    missing_ids: list[UUID] = []
    unknown_ids: list[UUID] = []
    async for ids in ports.store.ids(generation.table):
        lacking = set(ids) - await _with_words(ports, table, ids)
        if lacking:
            sure = await artefacts.surely_stored(generation.id, list(lacking))
            lacking = sure - await _with_words(ports, table, sure)
        missing += len(lacking)
        missing_ids += sorted(lacking)[: EXAMPLES - len(missing_ids)]
    async for ids in _ids(ports, table):
        marks.extend(map(mark, ids))
        strangers = set(ids) - {one.id for one in await ports.store.get(generation.table, ids)}
        if strangers:
            strangers -= await artefacts.maybe_written(generation.id, list(strangers))
        unknown += len(strangers)
        unknown_ids += sorted(strangers)[: EXAMPLES - len(unknown_ids)]
    return WordRows(
        len(marks),
        missing,
        missing_ids,
        unknown,
        unknown_ids,
        len(marks) - len(np.unique(np.asarray(marks, dtype=np.uint64))),
        await examples_of(_ids(ports, table), more_than_once(marks)),
    )


async def _with_words(ports: Ports, table: str, ids: Collection[UUID]) -> set[UUID]:
    with of_words():
        return set(await ports.words.get(table, ids))


async def _ids(ports: Ports, table: str) -> AsyncIterator[list[UUID]]:
    with of_words():
        async for ids in ports.words.ids(table):
            yield ids
