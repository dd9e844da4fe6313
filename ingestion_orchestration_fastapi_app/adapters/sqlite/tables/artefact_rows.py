"""Rows of artefacts and of intents, as several tables' statements need them. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import clean, moment
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind, State, found
from utils.contract import ErrorCode

# Of a file in `files`, whatever the model: there is a point of it.
HAS_POINT = (
    "EXISTS (SELECT 1 FROM artefacts a WHERE a.file_id = files.id AND a.kind = 'vector'"
    " AND a.state IN ('stored', 'stale'))"
)
_BEING_DELETED = (
    "EXISTS (SELECT 1 FROM generations g JOIN intents i"
    " ON i.generation_id = g.id AND i.point_id = files.point_id AND i.outcome = 'removed'"
    " WHERE g.collection_id = files.collection_id)"
)
HAD_POINT = f"({HAS_POINT} OR {_BEING_DELETED})"
# Of a file `f`: it is not looked at, since somebody has removed what is in it.
IS_FORGOTTEN = (
    "EXISTS (SELECT 1 FROM artefacts a WHERE a.file_id = f.id AND a.kind = 'picture'"
    " AND a.code = 'ERR_IMAGE_FORGOTTEN')"
)
# There is to be no point of it, by what people say of it or of its folder.
IS_REMOVED = IS_FORGOTTEN.replace(
    "= 'ERR_IMAGE_FORGOTTEN'", "IN ('ERR_IMAGE_FORGOTTEN', 'ERR_FOLDER_EXCLUDED')"
)
_PUT = """
INSERT OR REPLACE INTO artefacts
    (file_id, kind, model, state, code, detail, reader_version, attempts, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def of_files(db: sqlite3.Connection, file_ids: Iterable[int]) -> dict[int, list[Artefact]]:
    """By row; none of those of which nothing was made."""
    made: dict[int, list[Artefact]] = {}
    for chunk in file_rows.chunks(file_ids):
        rows = db.execute(
            "SELECT file_id, kind, model, state, code, detail, reader_version, attempts,"  # noqa: S608  # marks only
            f" updated_at FROM artefacts WHERE file_id IN ({file_rows.marks(len(chunk))})",
            chunk,
        )
        for file_id, *columns in rows:
            made.setdefault(file_id, []).append(_artefact(*columns))
    return made


@lru_cache(maxsize=4096)  # what was completed together differs in nothing but its file
def _artefact(
    kind: str,
    model: str,
    state: str,
    code: str | None,
    detail: str | None,
    reader_version: str | None,
    attempts: int,
    updated_at: str | None,
) -> Artefact:
    return Artefact(
        Kind(kind),
        model,
        State(state),
        None if code is None else ErrorCode(code),
        detail,
        reader_version,
        attempts,
        moment(updated_at),
    )


class Changes:
    """What is to be written of a group's artefacts, put together file by file."""

    def __init__(self) -> None:
        self._gone: list[tuple[int, str, str]] = []
        self._put: list[tuple[object, ...]] = []

    def add(self, file_id: int, before: Sequence[Artefact], after: Sequence[Artefact]) -> None:
        for one in before:
            if found(after, one.kind, one.model) is None:
                self._gone.append((file_id, one.kind, one.model))
        for one in after:
            if one not in before:
                self._put.append((file_id, *_columns(one)))

    def write(self, db: sqlite3.Connection) -> None:
        gone = "DELETE FROM artefacts WHERE file_id = ? AND kind = ? AND model = ?"
        db.executemany(gone, self._gone)
        db.executemany(_PUT, self._put)


def _columns(one: Artefact) -> tuple[object, ...]:
    return (
        one.kind,
        one.model,
        one.state,
        one.code,
        None if one.detail is None else clean(one.detail),
        one.reader_version,
        one.attempts,
        None if one.updated_at is None else _text(one.updated_at),
    )


@lru_cache(maxsize=16)  # of a group it is one moment
def _text(at: datetime) -> str:
    return at.isoformat()


def end_intents(
    db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID], *, model: str
) -> None:
    """Of the generation that the model made."""
    query = "SELECT id FROM generations WHERE collection_id = ? AND fingerprint = ?"
    for (generation_id,) in db.execute(query, (collection_id, model)).fetchall():
        end_intents_of(db, generation_id, point_ids)


def end_intents_of(db: sqlite3.Connection, generation_id: int, point_ids: Iterable[UUID]) -> None:
    db.executemany(
        "DELETE FROM intents WHERE generation_id = ? AND point_id = ?",
        [(generation_id, one.bytes) for one in point_ids],
    )


def end_decoding(db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]) -> None:
    db.executemany(
        "DELETE FROM decode_starts WHERE collection_id = ? AND point_id = ?",
        [(collection_id, one.bytes) for one in point_ids],
    )
