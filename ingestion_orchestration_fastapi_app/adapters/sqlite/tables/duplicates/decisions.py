"""The tables of decisions about duplicates, and of the files that are not needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row, clean
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue import images
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    UnneededFile,
    check_decided,
    is_of_file,
)
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass

_CLASS = """
SELECT g.class FROM duplicate_groups g JOIN duplicate_runs r ON r.id = g.run_id
WHERE g.id = ? AND r.collection_id = ? AND r.state = 'shown'
"""
_OF = "collection_id = ? AND sha256 = ? AND {point} = ?"
_PUT = """
INSERT INTO duplicate_decisions (collection_id, sha256, point_id, decision, decided_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET decision = excluded.decision, decided_at = excluded.decided_at
"""
_LIST = """
INSERT INTO unneeded_files (collection_id, sha256, decided_for, point_id, path, size_bytes,
    kept_path) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET path = excluded.path, size_bytes = excluded.size_bytes,
    kept_path = excluded.kept_path
"""
# A file that is not needed alone, and with all of its bytes, counts once.
_ONCE = """
FROM unneeded_files u WHERE u.collection_id = ?1 AND (u.decided_for <> x'' OR NOT EXISTS (
    SELECT 1 FROM unneeded_files o WHERE o.collection_id = u.collection_id
        AND o.sha256 = u.sha256 AND o.decided_for = u.point_id AND o.point_id = u.point_id))
"""


class Key(NamedTuple):
    """Of a decision. `point`: empty where it is about all files of the content."""

    collection_id: int
    sha256: bytes
    point: bytes


class DecisionsTable(Repository):
    """Implements `DecisionRepository`."""

    @writes
    def decide(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        group_id: int,
        decisions: Mapping[UUID, Decision],
    ) -> int | None:
        row: Row | None = db.execute(_CLASS, (group_id, collection_id)).fetchone()
        if row is None:
            return None
        of_file = is_of_file(DuplicateClass(row[0]))
        contents = _contents(db, group_id, decisions)
        there = {one.id: one for one in images.found(db, collection_id, decisions)}
        kept = next(
            (
                there[one]
                for one, said in decisions.items()
                if said is Decision.KEEP and one in there
            ),
            None,
        )
        files = 0
        for point_id, decision in decisions.items():
            if point_id not in contents:
                raise _no_member(point_id, group_id)
            sha256 = contents[point_id]
            key = Key(collection_id, sha256, point_id.bytes if of_file else b"")
            is_there = point_id in there and there[point_id].sha256 == sha256
            if not is_there and decision not in (Decision.UNDECIDED, _decided(db, key)):
                raise _no_member(point_id, group_id)
            if decision is Decision.UNDECIDED:
                _delete(db, key)
                continue
            self._put(db, key, decision)
            if decision is Decision.KEEP:
                _delete_files(db, key)
            else:
                path = "" if kept is None else kept.display_path
                files += _list(db, key, [point_id], kept_path=path)
        _check(db, collection_id)  # else all is taken back
        return files

    @writes
    def add(self, db: sqlite3.Connection, collection_id: int, files: Sequence[UnneededFile]) -> int:
        collection_rows.check_there(db, collection_id)
        keys = {one: _key(collection_id, one) for one in files}
        known = {key for key in keys.values() if _decided(db, key) is not None}
        new = {one: key for one, key in keys.items() if key not in known}
        for one, key in new.items():
            self._put(db, key, Decision.NOT_NEEDED)
            _put_file(db, key, one)
        _check(db, collection_id)
        return len(new)

    @reads
    def unneeded(
        self, db: sqlite3.Connection, collection_id: int, *, after: int, limit: int
    ) -> list[UnneededFile]:
        columns = "SELECT id, point_id, sha256, path, size_bytes, kept_path, decided_for"
        query = f"{columns} {_ONCE} AND u.id > ?2 ORDER BY u.id LIMIT ?3"  # constants
        return [
            UnneededFile(number, UUID(bytes=point), sha256, path, size, kept, of_file=bool(of))
            for number, point, sha256, path, size, kept, of in db.execute(
                query, (collection_id, after, limit)
            )
        ]

    @reads
    def unneeded_size(self, db: sqlite3.Connection, collection_id: int) -> tuple[int, int]:
        query = f"SELECT count(*), coalesce(sum(size_bytes), 0) {_ONCE}"  # constants
        files, size_bytes = db.execute(query, (collection_id,)).fetchone()
        return files, size_bytes

    @writes
    def take_back(
        self, db: sqlite3.Connection, collection_id: int, point_ids: Sequence[UUID]
    ) -> int:
        query = (
            "SELECT sha256, decided_for FROM unneeded_files"
            " WHERE collection_id = ? AND point_id = ?"
        )
        return sum(
            _delete(db, Key(collection_id, sha256, point))
            for one in point_ids
            for sha256, point in db.execute(query, (collection_id, one.bytes)).fetchall()
        )

    @writes
    def clear(self, db: sqlite3.Connection, collection_id: int) -> None:
        for table in ("duplicate_decisions", "unneeded_files"):
            db.execute(f"DELETE FROM {table} WHERE collection_id = ?", (collection_id,))  # noqa: S608  # constants

    def _put(self, db: sqlite3.Connection, key: Key, decision: Decision) -> None:
        db.execute(_PUT, (*key, decision.value, self.database.clock().isoformat()))


def _key(collection_id: int, file: UnneededFile) -> Key:
    return Key(collection_id, file.sha256, file.point_id.bytes if file.of_file else b"")


def _contents(
    db: sqlite3.Connection, group_id: int, among: Mapping[UUID, Decision]
) -> dict[UUID, bytes]:
    """Of members of the group, by which they got there."""
    contents: dict[UUID, bytes] = {}
    for chunk in file_rows.chunks(among):
        query = (
            "SELECT point_id, sha256 FROM duplicate_members"  # noqa: S608  # marks only
            f" WHERE group_id = ? AND point_id IN ({file_rows.marks(len(chunk))})"
        )
        rows = db.execute(query, (group_id, *(one.bytes for one in chunk)))
        contents.update((UUID(bytes=point), sha256) for point, sha256 in rows)
    return contents


def _decided(db: sqlite3.Connection, key: Key) -> Decision | None:
    query = f"SELECT decision FROM duplicate_decisions WHERE {_OF.format(point='point_id')}"  # noqa: S608  # constants
    row: Row | None = db.execute(query, key).fetchone()
    return None if row is None else Decision(row[0])


def _delete(db: sqlite3.Connection, key: Key) -> int:
    """How many files have left the list."""
    query = f"DELETE FROM duplicate_decisions WHERE {_OF.format(point='point_id')}"  # noqa: S608  # constants
    db.execute(query, key)
    return _delete_files(db, key)


def _delete_files(db: sqlite3.Connection, key: Key) -> int:
    query = f"DELETE FROM unneeded_files WHERE {_OF.format(point='decided_for')}"  # noqa: S608  # constants
    return db.execute(query, key).rowcount


def _list(db: sqlite3.Connection, key: Key, point_ids: Sequence[UUID], *, kept_path: str) -> int:
    """Puts files of a decision on the list: those that are there. How many are on it by it."""
    if not key.point:
        query = "SELECT point_id FROM catalogue WHERE collection_id = ? AND sha256 = ?"
        point_ids = [UUID(bytes=row[0]) for row in db.execute(query, key[:2])]
    for one in images.found(db, key.collection_id, point_ids):
        if one.sha256 == key.sha256:
            file = UnneededFile(
                0, one.id, one.sha256, one.display_path, one.size_bytes, kept_path, bool(key.point)
            )
            _put_file(db, key, file)
    query = f"SELECT count(*) FROM unneeded_files WHERE {_OF.format(point='decided_for')}"  # noqa: S608  # constants
    return int(db.execute(query, key).fetchone()[0])


def _put_file(db: sqlite3.Connection, key: Key, file: UnneededFile) -> None:
    path, kept = clean(file.path), clean(file.kept_path)
    db.execute(_LIST, (*key, file.point_id.bytes, path, file.size_bytes, kept))


def _check(db: sqlite3.Connection, collection_id: int) -> None:
    counts = [
        db.execute(f"SELECT count(*) FROM {table} WHERE collection_id = ?", (collection_id,))  # noqa: S608  # constants
        for table in ("duplicate_decisions", "unneeded_files")
    ]
    check_decided(*(int(one.fetchone()[0]) for one in counts))


def _no_member(point_id: UUID, group_id: int) -> ImageNotFound:
    return ImageNotFound(f"Group {group_id} of duplicates has no image {point_id} now.")
