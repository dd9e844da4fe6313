"""The tables of albums."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    MAX_ALBUM_CONTENTS,
    MAX_ALBUMS,
    Album,
    AlbumChange,
    Filled,
    NewAlbum,
    SavedSearch,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.album import album_key
from ingestion_orchestration_fastapi_app.errors import AlbumExists, AlbumNotFound
from utils.problems import ValidationProblem

# The cover: the newest that was put in and is there, else what the search found first.
_ALBUMS = """
SELECT a.id, a.name, a.collection, a.search, a.fingerprint, a.created_at, a.changed_at,
    (SELECT count(*) FROM album_images s WHERE s.album = a.number AND s.is_in = 1),
    a.found, a.found_is_exact, a.found_cover, a.found_at,
    coalesce(
        (SELECT c.point_id FROM album_images s CROSS JOIN catalogue c
         WHERE s.album = a.number AND s.is_in = 1
         AND c.collection_id = k.id AND c.sha256 = s.sha256
         ORDER BY s.number DESC LIMIT 1),
        (SELECT c.point_id FROM catalogue c
         WHERE c.collection_id = k.id AND c.sha256 = a.found_cover LIMIT 1))
FROM albums a LEFT JOIN collections k ON k.name = a.collection
"""
# CROSS: from what is put in to the files of each content.
_POINTS = """
SELECT f.point_id FROM albums a CROSS JOIN album_images s CROSS JOIN files f
WHERE a.id = ? AND s.album = a.number AND s.is_in = ?
AND f.collection_id = ? AND f.sha256 = s.sha256 LIMIT ?
"""


class AlbumsTable(Repository):
    """Implements `AlbumRepository`."""

    @writes
    def create(
        self, db: sqlite3.Connection, new: NewAlbum, contents: Sequence[bytes] = ()
    ) -> Album:
        _check_free(db, new.name)
        if db.execute("SELECT count(*) FROM albums").fetchone()[0] >= MAX_ALBUMS:
            raise ValidationProblem(f"There are {MAX_ALBUMS:,} albums, and there can be no more.")
        now = self.database.clock().isoformat()
        search = _columns(new.search)
        number = db.execute(
            "INSERT INTO albums (id, name, folded, collection, search, fingerprint, created_at,"
            " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (new.id.bytes, new.name, new.key, new.collection, *search, now, now),
        ).lastrowid
        assert number is not None
        _put(db, number, contents, is_in=True)
        return _album(db, new.id)

    @reads
    def get(self, db: sqlite3.Connection, album_id: UUID) -> Album:
        return _album(db, album_id)

    @reads
    def page(
        self,
        db: sqlite3.Connection,
        *,
        collection: str | None = None,
        after: str = "",
        limit: int,
    ) -> list[Album]:
        of = "a.folded > ? AND (?2 IS NULL OR a.collection = ?2)"
        query = f"{_ALBUMS} WHERE {of} ORDER BY a.folded LIMIT ?"
        return [_read(row) for row in db.execute(query, (album_key(after), collection, limit))]

    @reads
    def named(self, db: sqlite3.Connection, name: str) -> Album | None:
        row = db.execute(f"{_ALBUMS} WHERE a.folded = ?", (album_key(name),)).fetchone()
        return None if row is None else _read(row)

    @writes
    def change(self, db: sqlite3.Connection, album_id: UUID, change: AlbumChange) -> Album:
        before = _album(db, album_id)
        after = change.applied_to(before)
        if album_key(after.name) != album_key(before.name):
            _check_free(db, after.name)
        db.execute(
            "UPDATE albums SET name = ?, folded = ?, collection = ?, search = ?, fingerprint = ?,"
            " changed_at = ? WHERE id = ?",
            (
                after.name,
                album_key(after.name),
                after.collection,
                *_columns(after.search),
                self.database.clock().isoformat(),
                album_id.bytes,
            ),
        )
        if after.filled is None:
            _note(db, album_id, (None, None, None, None))
        return _album(db, album_id)

    @writes
    def delete(self, db: sqlite3.Connection, album_id: UUID) -> None:
        number = _number(db, album_id)
        db.execute("DELETE FROM album_images WHERE album = ?", (number,))
        db.execute("DELETE FROM albums WHERE number = ?", (number,))

    @writes
    def put_in(
        self, db: sqlite3.Connection, album_id: UUID, contents: Sequence[bytes]
    ) -> tuple[Album, frozenset[bytes]]:
        fresh = _put(db, _number(db, album_id), contents, is_in=True)
        self._touch(db, album_id)
        return _album(db, album_id), fresh

    @writes
    def take_out(
        self, db: sqlite3.Connection, album_id: UUID, contents: Collection[bytes]
    ) -> Album:
        number = _number(db, album_id)
        if _album(db, album_id).search is not None:
            _put(db, number, contents, is_in=False)
        else:
            db.executemany(
                "DELETE FROM album_images WHERE album = ? AND sha256 = ?",
                [(number, one) for one in contents],
            )
        self._touch(db, album_id)
        return _album(db, album_id)

    @reads
    def points(
        self,
        db: sqlite3.Connection,
        collection_id: int,
        album_id: UUID,
        *,
        is_in: bool,
        limit: int,
    ) -> list[UUID]:
        rows = db.execute(_POINTS, (album_id.bytes, is_in, collection_id, limit))
        return [UUID(bytes=point_id) for (point_id,) in rows]

    @writes
    def note_filled(self, db: sqlite3.Connection, album_id: UUID, filled: Filled) -> None:
        at = filled.at.isoformat()
        _note(db, album_id, (filled.images, filled.is_exact, filled.cover, at), only_filled=True)

    def _touch(self, db: sqlite3.Connection, album_id: UUID) -> None:
        now = self.database.clock().isoformat()
        db.execute("UPDATE albums SET changed_at = ? WHERE id = ?", (now, album_id.bytes))


def _check_free(db: sqlite3.Connection, name: str) -> None:
    if db.execute("SELECT 1 FROM albums WHERE folded = ?", (album_key(name),)).fetchone():
        raise AlbumExists(f"There is an album {name!r} already.")


def _number(db: sqlite3.Connection, album_id: UUID) -> int:
    row = db.execute("SELECT number FROM albums WHERE id = ?", (album_id.bytes,)).fetchone()
    if row is None:
        raise _not_found(album_id)
    return int(row[0])


def _put(
    db: sqlite3.Connection, album: int, contents: Iterable[bytes], *, is_in: bool
) -> frozenset[bytes]:
    """Those that change sides, and are the newest again."""
    wanted = list(_changing(db, album, dict.fromkeys(contents), is_in=is_in))
    db.executemany("DELETE FROM album_images WHERE album = ? AND sha256 = ?", wanted)
    db.executemany(
        f"INSERT INTO album_images (album, sha256, is_in) VALUES (?, ?, {int(is_in)})",  # noqa: S608  # 0 or 1
        wanted,
    )
    count = db.execute("SELECT count(*) FROM album_images WHERE album = ?", (album,)).fetchone()[0]
    if count > MAX_ALBUM_CONTENTS:
        raise ValidationProblem(
            f"An album knows at most {MAX_ALBUM_CONTENTS:,} images by hand, put in and taken out."
        )
    return frozenset(sha256 for _, sha256 in wanted)


def _changing(
    db: sqlite3.Connection, album: int, contents: Iterable[bytes], *, is_in: bool
) -> Iterator[tuple[int, bytes]]:
    query = "SELECT 1 FROM album_images WHERE album = ? AND sha256 = ? AND is_in = ?"
    for one in contents:
        if not db.execute(query, (album, one, is_in)).fetchone():
            yield album, one


def _note(
    db: sqlite3.Connection, album_id: UUID, noted: Sequence[object], *, only_filled: bool = False
) -> None:
    of = "id = ? AND search IS NOT NULL" if only_filled else "id = ?"
    db.execute(
        "UPDATE albums SET found = ?, found_is_exact = ?, found_cover = ?, found_at = ?"  # noqa: S608  # constants
        f" WHERE {of}",
        (*noted, album_id.bytes),
    )


def _columns(search: SavedSearch | None) -> tuple[str | None, str | None]:
    return (None, None) if search is None else (search.text, search.fingerprint)


def _album(db: sqlite3.Connection, album_id: UUID) -> Album:
    row = db.execute(f"{_ALBUMS} WHERE a.id = ?", (album_id.bytes,)).fetchone()
    if row is None:
        raise _not_found(album_id)
    return _read(row)


def _not_found(album_id: UUID) -> AlbumNotFound:
    return AlbumNotFound(f"There is no album {album_id}.")


def _read(row: Row) -> Album:
    album_id, name, collection, text, fingerprint, created_at, changed_at, images, *more = row
    found, is_exact, found_cover, found_at, cover = more
    filled = None
    if found_at is not None:
        filled = Filled(found, bool(is_exact), found_cover, datetime.fromisoformat(found_at))
    return Album(
        UUID(bytes=album_id),
        name,
        collection,
        None if text is None else SavedSearch(text, fingerprint),
        datetime.fromisoformat(created_at),
        datetime.fromisoformat(changed_at),
        images,
        filled,
        None if cover is None else UUID(bytes=cover),
    )
