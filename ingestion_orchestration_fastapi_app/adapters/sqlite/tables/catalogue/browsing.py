"""What is read of the catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import counting, entries
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.filters_sql import (
    condition,
    roots_of,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.pages import Page
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    MICROSECONDS_A_DAY,
    Facet,
    FacetCounts,
    FolderCount,
    Listed,
    Neighbour,
    Neighbours,
    Order,
    PlaceCluster,
    Position,
    Viewport,
    day_of,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters

# Of the names in one folder, each by two steps in the index of names.
_BESIDE = """
WITH asked (name) AS (VALUES {marks})
SELECT asked.name, p.point_id, p.name, n.point_id, n.name FROM asked
LEFT JOIN catalogue p ON p.id = (SELECT id FROM catalogue
    WHERE folder_id = ?{folder} AND name < asked.name ORDER BY name DESC LIMIT 1)
LEFT JOIN catalogue n ON n.id = (SELECT id FROM catalogue
    WHERE folder_id = ?{folder} AND name > asked.name ORDER BY name LIMIT 1)
"""
_FOLDER = "SELECT id FROM catalogue_folders WHERE collection_id = ? AND root_id = ? AND path = ?"


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
            is_all = one == NO_FILTERS
            is_most = is_all or (_is_period(one) and counting.is_most(db, matching))
            found |= counting.facets(
                db,
                matching,
                wanted,
                of_most=collection_id if is_most else None,
                is_all=is_all,
                roots=roots,
                top=top,
            )
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

    @reads
    def neighbours(
        self, db: sqlite3.Connection, collection_id: int, keys: Collection[FileKey]
    ) -> dict[FileKey, Neighbours]:
        found = dict.fromkeys(keys, Neighbours())
        for (root_id, path), inside in groupby(sorted(keys, key=_folder), _folder):
            row = db.execute(_FOLDER, (collection_id, root_id, path)).fetchone()
            if row is not None:
                by_name = {one.path.rpartition(b"/")[2]: one for one in inside}
                found |= {by_name[name]: one for name, one in _beside(db, row[0], list(by_name))}
        return found


def _is_period(filters: Filters) -> bool:
    """Whether when it was taken is all that is asked."""
    return replace(filters, taken_after=None, taken_before=None) == NO_FILTERS


def _folder(key: FileKey) -> tuple[bytes, bytes]:
    return key.root_id.bytes, key.path.rpartition(b"/")[0]


def _beside(
    db: sqlite3.Connection, folder_id: int, names: Sequence[bytes]
) -> Iterator[tuple[bytes, Neighbours]]:
    marks = ",".join(["(?)"] * len(names))
    query = _BESIDE.format(marks=marks, folder=len(names) + 1)
    for name, *pair in db.execute(query, (*names, folder_id)):
        before, after = (
            None if point_id is None else Neighbour(UUID(bytes=point_id), beside)
            for point_id, beside in (pair[:2], pair[2:])
        )
        yield name, Neighbours(before, after)
