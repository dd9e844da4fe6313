"""The catalogue's rows: one for each point, that says what the point does, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.jobs.reports import EXAMPLES
from ingestion_orchestration_fastapi_app.domain.library.catalogue import key_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.jobs.context import Ports

_PAGE = 1024


@dataclass(slots=True)
class Rows:
    """How many, and the ids of a few."""

    count: int = 0
    ids: list[UUID] = field(default_factory=list)

    def add(self, found: set[UUID]) -> None:
        self.count += len(found)
        self.ids += sorted(found)[: EXAMPLES - len(self.ids)]


@dataclass(slots=True)
class CatalogueRows:
    """`missing`: points without a row, `wrong`: of those with one that says something else,
    `unknown`: rows of no point.
    """

    rows: int = 0
    missing: Rows = field(default_factory=Rows)
    wrong: Rows = field(default_factory=Rows)
    unknown: Rows = field(default_factory=Rows)

    @property
    def are_whole(self) -> bool:
        return not (self.missing.count or self.wrong.count or self.unknown.count)


async def count_catalogue(
    ports: Ports, collection: CollectionRecord, *, mends: bool
) -> CatalogueRows:
    """What an import or a removal is at meanwhile is not blamed. Changes nothing, but that with
    `mends` wrong rows are marked, so that a filling writes them again.
    """
    generation, catalogue = collection.bound(), ports.ledger.catalogue
    found = CatalogueRows()
    async for group in ports.store.ids(generation.table):
        for start in range(0, len(group), _PAGE):
            ids = list(dict.fromkeys(group[start : start + _PAGE]))
            unlike = await _unlike(ports, collection, ids)
            if not unlike:
                continue
            sure = await ports.ledger.artefacts.surely_stored(generation.id, list(unlike))
            unlike = await _unlike(ports, collection, list(sure))  # as they are now
            missing = await catalogue.lacking(collection.id, list(unlike))
            found.missing.add(missing)
            found.wrong.add(unlike - missing)
            if mends:
                await catalogue.doubt(collection.id, list(unlike - missing))
    after: UUID | None = None
    while ids := await catalogue.point_ids(collection.id, after=after, limit=_PAGE):
        after = ids[-1]
        found.rows += len(ids)
        strangers = set(ids) - {one.id for one in await ports.store.get(generation.table, ids)}
        if strangers:
            strangers -= await ports.ledger.artefacts.maybe_written(generation.id, list(strangers))
        found.unknown.add(strangers)
    return found


async def _unlike(ports: Ports, collection: CollectionRecord, ids: Sequence[UUID]) -> set[UUID]:
    points = await ports.store.get(collection.bound().table, ids)
    keyed = [(key_of(point, collection.roots), point) for point in points]
    known = [(key, point) for key, point in keyed if key is not None]
    return await ports.ledger.catalogue.unlike(collection.id, known)
