"""What is read of the catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import counting, entries
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.filters_sql import (
    condition,
    roots_of,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.pages import Page
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    MICROSECONDS_A_DAY,
    Facet,
    FacetCounts,
    FolderCount,
    Listed,
    Order,
    PlaceCluster,
    Position,
    Viewport,
    day_of,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters


class BrowsingTable(Repository):
    """Implements `BrowsingRepository`."""

    @reads
    def page(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        filters: Filters,
        order: Order,
        *,
        after: Position | None,
        offset: int = 0,
        limit: int,
        is_dense: bool,
    ) -> list[Listed]:
        matching = condition(db, collection_id, filters)
        page = Page(matching, order, is_dense, roots_of(db, collection_id))
        return page.rows(db, after, offset=offset, limit=limit)

    @reads
    def added(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Collection[UUID]
    ) -> dict[UUID, int]:
        return entries.added_at(db, collection_id, point_ids)

    @reads
    def count(
        self, db: sqlite3.Connection, collection_id: int, filters: Filters, *, at_most: int | None
    ) -> int:
        matching = condition(db, collection_id, filters)
        query = f"SELECT count(*) FROM (SELECT 1 FROM catalogue c WHERE {matching.text} LIMIT ?)"  # noqa: S608  # constants
        most = -1 if at_most is None else at_most
        return int(db.execute(query, (*matching.given, most)).fetchone()[0])

    @reads
    def days(
        self, db: sqlite3.Connection, collection_id: int, filters: Filters
    ) -> list[tuple[date | None, int]]:
        matching = condition(db, collection_id, filters)
        query = (
            f"SELECT c.taken_at / {MICROSECONDS_A_DAY}, count(*) FROM catalogue c"  # noqa: S608  # constants
            f" WHERE {matching.text} GROUP BY 1 ORDER BY 1 DESC"
        )
        rows = db.execute(query, matching.given)
        return [(None if day is None else day_of(day), number) for day, number in rows]

    @reads
    def facets(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        filters: Mapping[Facet, Filters],
        *,
        top: int,
    ) -> dict[Facet, FacetCounts]:
        roots = {root.id: root for root in roots_of(db, collection_id)}
        alike: dict[Filters, list[Facet]] = {}
        for facet, one in filters.items():
            alike.setdefault(one, []).append(facet)
        found: dict[Facet, FacetCounts] = {}
        for one, wanted in alike.items():
            matching = condition(db, collection_id, one)
            of_all = collection_id if one == NO_FILTERS else None
            found |= counting.facets(db, matching, wanted, of_all=of_all, roots=roots, top=top)
        return found

    @reads
    def places(
        self, db: sqlite3.Connection, collection_id: int, filters: Filters, viewport: Viewport
    ) -> list[PlaceCluster]:
        return counting.places(db, condition(db, collection_id, filters), viewport)

    @reads
    def folders(
        self, db: sqlite3.Connection, collection_id: int, filters: Filters
    ) -> list[FolderCount]:
        matching = condition(db, collection_id, filters)
        query = (
            "SELECT f.root_id, f.path, n.images FROM"  # noqa: S608  # constants
            f" (SELECT c.folder_id, count(*) AS images FROM catalogue c WHERE {matching.text}"
            " GROUP BY c.folder_id) n JOIN catalogue_folders f ON f.id = n.folder_id"
            " ORDER BY f.root_id, f.path"
        )
        rows = db.execute(query, matching.given)
        return [FolderCount(UUID(bytes=root_id), path, number) for root_id, path, number in rows]
