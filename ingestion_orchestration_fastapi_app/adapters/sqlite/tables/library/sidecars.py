"""The table of sidecars that were written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import (
    PendingSidecar,
    SidecarRecord,
    SidecarsWritten,
    WrittenSidecar,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    SidecarValues,
)

_VALUES = TypeAdapter(SidecarValues)
_OF = "collection_id = ? AND root_id = ? AND path = ?"
_FIND = f"""SELECT root_id, path, name, sha256, put, next_sha256, next_put, mark
FROM sidecars WHERE {_OF}"""  # noqa: S608  # constants
_BEGIN = """
INSERT INTO sidecars (collection_id, root_id, path, name, next_sha256, next_put, mark)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (collection_id, root_id, path) DO UPDATE SET
    sha256 = iif(name = excluded.name, sha256, NULL), put = iif(name = excluded.name, put, NULL),
    name = excluded.name, next_sha256 = excluded.next_sha256, next_put = excluded.next_put,
    mark = excluded.mark
"""
_DONE = """
INSERT OR REPLACE INTO sidecars (collection_id, root_id, path, name, sha256, put)
VALUES (?, ?, ?, ?, ?, ?)
"""


class SidecarsTable(Repository):
    """Implements `SidecarRepository`."""

    @reads
    def find(
        self, db: sqlite3.Connection, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, SidecarRecord]:
        found = {}
        for key in dict.fromkeys(keys):
            row = db.execute(_FIND, (collection_id, key.root_id.bytes, key.path)).fetchone()
            if row is not None:
                found[key] = _record(row)
        return found

    @writes
    def begin(
        self, db: sqlite3.Connection, collection_id: int, records: Sequence[SidecarRecord]
    ) -> None:
        collection_rows.check_there(db, collection_id)
        db.executemany(
            _BEGIN,
            [
                (
                    *_key(collection_id, one.key),
                    one.name,
                    one.pending.written.sha256,
                    _VALUES.dump_json(one.pending.written.put).decode(),
                    one.pending.mark,
                )
                for one in records
                if one.pending is not None
            ],
        )

    @writes
    def end(self, db: sqlite3.Connection, collection_id: int, written: SidecarsWritten) -> None:
        db.executemany(
            _DONE,
            [
                (
                    *_key(collection_id, one.key),
                    one.name,
                    one.written.sha256,
                    _VALUES.dump_json(one.written.put).decode(),
                )
                for one in written.done
                if one.written is not None
            ],
        )
        given_up = [_key(collection_id, key) for key in written.given_up]
        db.executemany(
            f"UPDATE sidecars SET next_sha256 = NULL, next_put = NULL, mark = NULL WHERE {_OF}",  # noqa: S608  # a constant
            given_up,
        )
        db.executemany(f"DELETE FROM sidecars WHERE {_OF} AND sha256 IS NULL", given_up)  # noqa: S608  # a constant
        db.executemany(
            f"UPDATE files SET sidecar_mark = ? WHERE {_OF} AND sidecar_mark = ?",  # noqa: S608  # a constant
            [
                (one.after, *_key(one.collection_id, one.key), one.before)
                for one in written.marks
                if one.after != one.before
            ],
        )


def _key(collection_id: int, key: FileKey) -> tuple[int, bytes, bytes]:
    return collection_id, key.root_id.bytes, key.path


def _record(row: Row) -> SidecarRecord:
    root_id, path, name, sha256, put, next_sha256, next_put, mark = row
    written = pending = None
    if sha256 is not None:
        written = WrittenSidecar(sha256, _VALUES.validate_json(put))
    if next_sha256 is not None:
        after = WrittenSidecar(next_sha256, _VALUES.validate_json(next_put))
        pending = PendingSidecar(after, mark)
    return SidecarRecord(FileKey(UUID(bytes=root_id), path), name, written, pending)
