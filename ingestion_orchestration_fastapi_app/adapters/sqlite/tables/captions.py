"""Captions among the artefacts of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import clean
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    artefact_rows,
    file_rows,
    job_rows,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.filters_sql import (
    condition,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import Sql, all_of
from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.captions.records import (
    LackingImage,
    MadeCaption,
    WantedCaptions,
)
from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    found,
    with_caption,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS

_FORGET = """
DELETE FROM artefacts WHERE kind = 'caption' AND state = 'stored' AND file_id IN (
    SELECT id FROM files WHERE collection_id = ? AND point_id = ?)
"""

# By the rows of files, one after another: each look at what was made of them is then a near one.
# In the order of points it took twelve times as long at 1,000,000 files.
_CAPTIONED = """
SELECT f.point_id FROM files f NOT INDEXED WHERE f.collection_id = ? AND {} (
    SELECT 1 FROM artefacts a
    WHERE a.file_id = f.id AND a.kind = 'caption' AND a.state IN ('stored', 'stale'))
LIMIT ?
"""

_STORED = """EXISTS (SELECT 1 FROM artefacts v WHERE v.file_id = f.id AND v.kind = 'vector'
    AND v.state = 'stored' AND v.model = ?)"""
_ANY_CAPTION = """EXISTS (SELECT 1 FROM artefacts b WHERE b.file_id = f.id AND b.kind = 'caption'
    AND b.state = 'stored')"""
_OWN_CAPTION = _ANY_CAPTION.replace("'stored')", "'stored' AND b.model = ?)")
_LISTED = "EXISTS (SELECT 1 FROM catalogue c WHERE c.point_id = f.point_id AND {})"
_AT_POINT = """SELECT f.id FROM files f WHERE f.collection_id = ? AND f.point_id = ?
    AND EXISTS (SELECT 1 FROM artefacts v WHERE v.file_id = f.id AND v.kind = 'vector'
    AND v.state = 'stored')"""


class CaptionsTable(Repository):
    """Implements `CaptionRepository`."""

    @reads
    def captioners(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> dict[UUID, str]:
        models: dict[UUID, str] = {}
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT f.point_id, a.model FROM files f JOIN artefacts a ON a.file_id = f.id"  # noqa: S608  # marks only
                " WHERE a.kind = 'caption' AND a.state = 'stored' AND f.collection_id = ?"
                f" AND f.point_id IN ({file_rows.marks(len(chunk))})"
            )
            rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
            models.update((UUID(bytes=point), model) for point, model in rows)
        return models

    @reads
    def captioned(
        self, db: sqlite3.Connection, collection_id: int, *, has: bool, limit: int
    ) -> list[UUID]:
        query = _CAPTIONED.format("EXISTS" if has else "NOT EXISTS")
        return [UUID(bytes=point) for (point,) in db.execute(query, (collection_id, limit))]

    @reads
    def lacking(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        wanted: WantedCaptions,
        *,
        after: int,
        limit: int,
    ) -> list[LackingImage]:
        where = _lacking(db, collection_id, wanted)
        query = (
            f"SELECT f.id, f.point_id FROM files f WHERE f.id > ? AND {where.text}"  # noqa: S608  # constants
            " ORDER BY f.id LIMIT ?"
        )
        rows = db.execute(query, (after, *where.given, limit)).fetchall()
        made = artefact_rows.of_files(db, [row for row, _ in rows])
        return [
            LackingImage(
                row, UUID(bytes=point), found(made.get(row, ()), Kind.CAPTION, wanted.captioner)
            )
            for row, point in rows
        ]

    @reads
    def count_lacking(
        self, db: sqlite3.Connection, collection_id: int, wanted: WantedCaptions
    ) -> int:
        where = _lacking(db, collection_id, wanted)
        query = f"SELECT count(*) FROM files f WHERE f.id > 0 AND {where.text}"  # noqa: S608  # constants
        return int(db.execute(query, where.given).fetchone()[0])

    @writes
    def complete(
        self,
        db: sqlite3.Connection,
        job_id: str,
        collection_id: int,
        made: Sequence[MadeCaption],
        *,
        reader_version: str,
        checkpoint: Checkpoint,
        progress: SavedProgress,
    ) -> None:
        now = self.database.clock()
        job_rows.open_number(db, job_id)
        rows: dict[int, Artefact] = {}
        for one in made:
            given = (collection_id, one.point_id.bytes)
            rows |= dict.fromkeys((row for (row,) in db.execute(_AT_POINT, given)), one.artefact)
        known = artefact_rows.of_files(db, rows)
        changes = artefact_rows.Changes()
        for row, new in rows.items():
            before = known.get(row, [])
            after = with_caption(before, new, reader_version=reader_version, now=now)
            changes.add(row, before, after)
        changes.write(db)
        job_rows.save_checkpoint(db, job_id, checkpoint)
        job_rows.touch(db, job_id, now, progress=progress)

    @reads
    def described(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> dict[UUID, CaptionOrigin]:
        points: dict[int, UUID] = {}
        for chunk in file_rows.chunks(point_ids):
            query = (
                "SELECT f.id, f.point_id FROM files f WHERE f.collection_id = ?"  # noqa: S608  # marks only
                f" AND f.point_id IN ({file_rows.marks(len(chunk))})"
            )
            rows = db.execute(query, (collection_id, *(one.bytes for one in chunk)))
            points.update((row, UUID(bytes=point)) for row, point in rows)
        captions = {
            points[row]: one
            for row, made in artefact_rows.of_files(db, points).items()
            for one in made
            if one.kind is Kind.CAPTION and one.state is State.STORED
        }
        named = {one.model: _name(db, one.model) for one in captions.values()}
        return {
            point: CaptionOrigin(one.model, named[one.model], one.updated_at)
            for point, one in captions.items()
        }

    @writes
    def name_captioner(self, db: sqlite3.Connection, fingerprint: str, model: str) -> None:
        db.execute("INSERT OR REPLACE INTO captioners VALUES (?, ?)", (fingerprint, clean(model)))

    @writes
    def forget(self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]) -> None:
        db.executemany(_FORGET, [(collection_id, one.bytes) for one in point_ids])


def _name(db: sqlite3.Connection, fingerprint: str) -> str | None:
    query = "SELECT model FROM captioners WHERE fingerprint = ?"
    row = db.execute(query, (fingerprint,)).fetchone()
    return None if row is None else str(row[0])


def _lacking(db: sqlite3.Connection, collection_id: int, wanted: WantedCaptions) -> Sql:
    """By row: an index on the collection would be sorted whole for each page."""
    where = [
        Sql("+f.collection_id = ?", (collection_id,)),
        Sql(_STORED, (wanted.vector_model,)),
        Sql(f"NOT {_OWN_CAPTION}", (wanted.captioner,))
        if wanted.renew
        else Sql(f"NOT {_ANY_CAPTION}"),
    ]
    if wanted.filters != NO_FILTERS:
        matching = condition(db, collection_id, wanted.filters)
        where.append(Sql(_LISTED.format(matching.text), matching.given))
    return all_of(*where)
