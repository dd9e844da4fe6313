"""Pages: a cursor that comes back is checked, and the next one is made."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion_orchestration_fastapi_app.domain.library import cursor as cursors
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import After, Cursor
from ingestion_orchestration_fastapi_app.domain.library.point import Hit
from ingestion_orchestration_fastapi_app.errors import CursorRefused
from ingestion_orchestration_fastapi_app.library.searching.asked import Asked
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from utils.problems import ValidationProblem


def digest_of(query: Query, collection: CollectionRecord, kind: str, subject: str) -> bytes:
    """Of all that must be the same on the next page."""
    return cursors.digest(
        kind, subject, collection.id, collection.fingerprint, query.filters, query.min_score
    )


def at_cursor(
    query: Query, collection: CollectionRecord, digest: bytes, *, now_s: float
) -> Asked | None:
    """None where there is no cursor.

    Raises CursorRefused for one that is too old, or of another search; ValidationProblem.
    """
    if query.cursor is None:
        return None
    if query.offset:
        raise ValidationProblem("Send a cursor or an offset, not both.")
    cursor = cursors.read(query.cursor)
    if cursor is None:
        raise CursorRefused("This is no cursor that a search gave.")
    dim = collection.active and collection.active.dim
    if cursor.query != digest or len(cursor.vector) != dim:
        raise CursorRefused(
            "The cursor is of another search: its query, collection, filters or least score "
            "differ. Search anew."
        )
    if cursor.expires_s < now_s:
        minutes = cursors.GOOD_FOR_S // 60
        raise CursorRefused(
            f"The cursor is too old: it is good for {minutes} minutes. Search anew."
        )
    return Asked(cursor.vector, digest, cursor.after, cursor.truncated)


def next_cursor(
    query: Query, asked: Asked, hits: Sequence[Hit], *, before: int, now_s: float
) -> str | None:
    """`before` results are before the page where it does not begin at a cursor."""
    if len(hits) < query.limit:
        return None
    shown = (before if asked.after is None else asked.after.rank) + len(hits)
    after = After(hits[-1].score, hits[-1].point.id, shown)
    expires_s = int(now_s) + cursors.GOOD_FOR_S
    return cursors.written(Cursor(after, asked.vector, asked.digest, expires_s, asked.truncated))
