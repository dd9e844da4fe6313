"""What the table of files knows of folders, and the table of the devices that they were on."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator, Mapping, Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import signed64
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefact_rows
from ingestion_orchestration_fastapi_app.domain.files.deletion import relative_range
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile

# The upper end is given twice.
_IN_RANGE = "collection_id = ? AND root_id = ? AND path > ? AND (? IS NULL OR path < ?)"
_RIGHT_IN = " AND instr(substr(path, ?), x'2f') = 0"  # given where a name in the folder begins

_NOTE_CHANGE = """
INSERT OR IGNORE INTO device_changes (collection_id, path, device, last_row)
SELECT ?1, ?2, ?3, (SELECT coalesce(max(id), 0) FROM files)
WHERE EXISTS (SELECT 1 FROM devices WHERE collection_id = ?1 AND path = ?2 AND device <> ?3)
"""


def _ranges(
    db: sqlite3.Connection, collection_id: int, directory: bytes, *, recursive: bool = True
) -> Iterator[tuple[bytes, bytes, bytes, bytes | None]]:
    """For each root with files in the directory: its id and path, and the range of theirs.

    Without `recursive` only the root that the directory lies in: files of one below lie deeper.
    """
    query = "SELECT root_id, path FROM roots WHERE collection_id = ? ORDER BY root_id"
    for root_id, path in db.execute(query, (collection_id,)).fetchall():
        found = relative_range(path, directory)
        if found is not None and (recursive or is_within(directory, path)):
            yield root_id, path, *found


class FoldersTable(Repository):
    """Implements `FolderRepository`."""

    @reads
    def not_seen_in_scan(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        directory: bytes,
        *,
        seen: Container[int] = (),
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnseenFile]:
        right_in = "" if recursive else _RIGHT_IN
        files: list[UnseenFile] = []
        for root_id, root, low, high in _ranges(db, collection_id, directory, recursive=recursive):
            if after is not None and root_id < after.root_id.bytes:
                continue
            start = after.path if after is not None and root_id == after.root_id.bytes else low
            given = (collection_id, root_id, start, high, high)
            rows = db.execute(
                f"SELECT id, path, point_id, {artefact_rows.HAD_POINT}, sha256 FROM files"  # noqa: S608  # constants
                f" WHERE {_IN_RANGE}{right_in} ORDER BY path",
                (*given, *(() if recursive else (len(low) + 1,))),
            )
            for row, path, point_id, had_point, sha256 in rows:
                if row in seen:
                    continue
                files.append(
                    UnseenFile(
                        key=FileKey(UUID(bytes=root_id), path),
                        absolute=root.rstrip(b"/") + b"/" + path,
                        point_id=UUID(bytes=point_id),
                        had_point=had_point == 1,
                        sha256=sha256,
                    )
                )
                if len(files) == limit:
                    return files
        return files

    @reads
    def totals(
        self, db: sqlite3.Connection, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        right_in = "" if recursive else _RIGHT_IN
        query = (
            f"SELECT count(*), coalesce(sum({artefact_rows.HAS_POINT}), 0) FROM files"  # noqa: S608  # constants
            f" WHERE {_IN_RANGE}{right_in}"
        )
        files = images = 0
        for root_id, _, low, high in _ranges(db, collection_id, directory, recursive=recursive):
            given = (collection_id, root_id, low, high, high)
            more = db.execute(query, (*given, *(() if recursive else (len(low) + 1,)))).fetchone()
            files, images = files + more[0], images + more[1]
        return files, images

    @reads
    def known_at(
        self, db: sqlite3.Connection, collection_id: int, paths: Sequence[bytes]
    ) -> list[bytes]:
        roots = db.execute(
            "SELECT root_id, path FROM roots WHERE collection_id = ?", (collection_id,)
        )
        places = roots.fetchall()
        stored = f"SELECT 1 FROM files WHERE {artefact_rows.HAS_POINT} AND"  # noqa: S608  # constants
        below = f"{stored} {_IN_RANGE} LIMIT 1"
        itself = f"{stored} collection_id = ? AND root_id = ? AND path = ?"

        def is_known(path: bytes) -> bool:
            for root_id, root in places:
                found = relative_range(root, path)
                if found is None:
                    continue
                low, high = found
                name = low.rstrip(b"/")
                if db.execute(itself, (collection_id, root_id, name)).fetchone():
                    return True
                if db.execute(below, (collection_id, root_id, low, high, high)).fetchone():
                    return True
            return False

        return [path for path in paths if is_known(path)]

    @reads
    def is_unchanged_below(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        folder: bytes,
        *,
        unchanged: Container[int],
    ) -> bool:
        changed = "SELECT min(last_row) FROM device_changes WHERE collection_id = ? AND path = ?"
        last_row: int | None = db.execute(changed, (collection_id, folder)).fetchone()[0]
        query = f"SELECT id FROM files WHERE {_IN_RANGE} AND (? IS NULL OR id <= ?)"  # noqa: S608  # constants
        for root_id, _, low, high in _ranges(db, collection_id, folder):
            given = (collection_id, root_id, low, high, high, last_row, last_row)
            if any(row in unchanged for (row,) in db.execute(query, given)):
                return True
        return False

    @reads
    def devices(self, db: sqlite3.Connection, collection_id: int) -> dict[bytes, int]:
        query = "SELECT path, device FROM devices WHERE collection_id = ?"
        return dict(db.execute(query, (collection_id,)).fetchall())

    @writes
    def note_devices(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        found: Mapping[bytes, int],
        *,
        replace: bool,
    ) -> None:
        rows = [(collection_id, path, signed64(device)) for path, device in found.items()]
        if replace:
            change = "DELETE FROM device_changes WHERE collection_id = ? AND path = ?"
            db.executemany(change, [row[:2] for row in rows])
        else:
            db.executemany(_NOTE_CHANGE, rows)
        verb = "REPLACE" if replace else "IGNORE"
        db.executemany(
            f"INSERT OR {verb} INTO devices (collection_id, path, device) VALUES (?, ?, ?)",  # noqa: S608  # one of two words
            rows,
        )
