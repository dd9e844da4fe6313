"""The tables of what people say of pictures."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
)
from utils.text.folded import folded

# CROSS: from what is said, which is little, to the files.
_OF_POINTS = """
SELECT f.point_id, f.sha256 FROM annotations a CROSS JOIN files f
WHERE f.collection_id = ? AND f.sha256 = a.sha256 LIMIT ?
"""


class AnnotationsTable(Repository):
    """Implements `AnnotationRepository`."""

    @reads
    def find(self, db: sqlite3.Connection, contents: Collection[bytes]) -> dict[bytes, Annotation]:
        return _found(db, contents)

    @reads
    def of_points(
        self, db: sqlite3.Connection, collection_id: int, *, limit: int
    ) -> dict[UUID, Annotation]:
        rows = db.execute(_OF_POINTS, (collection_id, limit))
        contents = {UUID(bytes=point): sha256 for point, sha256 in rows}
        said = _found(db, contents.values())
        return {point: said[sha256] for point, sha256 in contents.items()}

    @writes
    def put(self, db: sqlite3.Connection, content: bytes, annotation: Annotation) -> None:
        self._keep(db, {content: annotation})

    @writes
    def put_missing(self, db: sqlite3.Connection, said: Mapping[bytes, Annotation]) -> None:
        there = _found(db, said)
        self._keep(db, {one: given for one, given in said.items() if one not in there})

    @writes
    def change(
        self, db: sqlite3.Connection, contents: Collection[bytes], change: AnnotationChange
    ) -> dict[bytes, Annotation]:
        before = _found(db, contents)
        after = {one: change.applied_to(before.get(one, NO_ANNOTATION)) for one in contents}
        self._keep(db, after)
        return before

    def _keep(self, db: sqlite3.Connection, said: dict[bytes, Annotation]) -> None:
        now = self.database.clock().isoformat()
        db.executemany("DELETE FROM annotations WHERE sha256 = ?", [(one,) for one in said])
        db.executemany("DELETE FROM annotation_tags WHERE sha256 = ?", [(one,) for one in said])
        db.executemany(
            "INSERT INTO annotations (sha256, rating, favourite, updated_at) VALUES (?, ?, ?, ?)",
            [
                (content, one.rating, one.favourite, now)
                for content, one in said.items()
                if one != NO_ANNOTATION
            ],
        )
        db.executemany(
            "INSERT INTO annotation_tags (sha256, folded, tag) VALUES (?, ?, ?)",
            [(content, folded(tag), tag) for content, one in said.items() for tag in one.tags],
        )


def _found(db: sqlite3.Connection, contents: Iterable[bytes]) -> dict[bytes, Annotation]:
    said: dict[bytes, Annotation] = {}
    for chunk in file_rows.chunks(dict.fromkeys(contents)):
        among = f"WHERE sha256 IN ({file_rows.marks(len(chunk))})"
        tags: dict[bytes, list[str]] = {}
        query = f"SELECT sha256, tag FROM annotation_tags {among} ORDER BY sha256, folded"  # noqa: S608  # marks only
        for content, tag in db.execute(query, chunk):
            tags.setdefault(content, []).append(tag)
        query = f"SELECT sha256, rating, favourite FROM annotations {among}"  # noqa: S608  # marks only
        for content, rating, favourite in db.execute(query, chunk):
            is_favourite = None if favourite is None else bool(favourite)
            said[content] = Annotation(rating, is_favourite, tuple(tags.get(content, ())))
    return said
