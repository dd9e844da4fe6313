"""Pages: a cursor that comes back is checked, a page is cut, and the next cursor is made.

Pages of a plain search by vector are the store's. Others are cut from a list that is made anew for
each page, from the vector that is in the cursor: in order of the cosine after the last result;
where it is sorted by something else after the last image, wherever that stands now; and where the
order itself moves as images come in (of fused ranks, or made diverse) by leaving out what was
shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.library import cursor as cursors
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import After, Cursor
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.folding import Folded
from ingestion_orchestration_fastapi_app.errors import CursorRefused
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from utils.contract.search import SearchMode, SearchSort, Templates
from utils.problems import ValidationProblem

_TAGS_A_GROUP = 4  # so that a cursor stays short; a group is known by any of its members


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins, and what is known of its search from the page before.

    `vector`: None where none was asked for yet, or none is needed. `mode`: the one that was used.
    """

    digest: bytes
    after: After | None = None
    vector: Vector | None = None
    truncated: bool = False
    mode: SearchMode | None = None
    shown: frozenset[bytes] = frozenset()
    templated: bool = False


def digest_of(query: Query, collection: CollectionRecord, key: Sequence[str]) -> bytes:
    """Of all that must be the same on the next page."""
    arranged = (query.mode, query.sort, query.is_descending, query.fold)
    diverse = query.relevance_share if query.diverse else None
    parts = (collection.id, collection.fingerprint, query.filters, query.min_score)
    least = query.min_relevance
    # Not where nothing is said: cursors of an earlier version stay good.
    templates = () if query.templates is Templates.AUTO else (str(query.templates),)
    return cursors.digest(tuple(key), *parts, *map(str, arranged), diverse, least, *templates)


def start_of(
    query: Query, collection: CollectionRecord, key: Sequence[str], *, now_s: float
) -> Start:
    """Raises CursorRefused for one that is too old, or of another search; ValidationProblem."""
    digest = digest_of(query, collection, key)
    if query.cursor is None:
        return Start(digest)
    if query.offset:
        raise ValidationProblem("Send a cursor or an offset, not both.")
    cursor = cursors.read(query.cursor)
    if cursor is None:
        raise CursorRefused("This is no cursor that a search gave.")
    dim = collection.active and collection.active.dim
    is_other = len(cursor.vector) != (0 if cursor.mode is SearchMode.TEXT else dim)
    if cursor.query != digest or is_other:
        raise CursorRefused(
            "The cursor is of another search: its query, collection, filters or least score "
            "differ. Search anew."
        )
    if cursor.expires_s < now_s:
        minutes = cursors.GOOD_FOR_S // 60
        raise CursorRefused(
            f"The cursor is too old: it is good for {minutes} minutes. Search anew."
        )
    vector = cursor.vector if len(cursor.vector) else None
    shown = frozenset(cursor.shown)
    return Start(
        digest, cursor.after, vector, cursor.truncated, cursor.mode, shown, cursor.templated
    )


def next_cursor(start: Start, after: After, *, now_s: float, shown: Sequence[bytes] = ()) -> str:
    """After the page that ends with `after`; `start` has the vector that was used."""
    return cursors.written(
        Cursor(
            after,
            cursors.NO_VECTOR if start.vector is None else start.vector,
            start.digest,
            int(now_s) + cursors.GOOD_FOR_S,
            start.truncated,
            start.mode,
            tuple(shown),
            start.templated,
        )
    )


@dataclass(frozen=True, slots=True)
class Page:
    """`rank`: how many results were shown with it. `is_last`: the list ends with it."""

    groups: list[Folded[Candidate]]
    rank: int
    is_last: bool
    shown: tuple[bytes, ...] = ()

    @property
    def after(self) -> After:
        last = self.groups[-1].first
        return After(last.score or 0.0, last.id, self.rank)


def page_of(query: Query, start: Start, groups: Sequence[Folded[Candidate]]) -> Page:
    rest = _rest(query, start, groups)
    page = list(rest[: query.limit])
    rank = (query.offset if start.after is None else start.after.rank) + len(page)
    shown: tuple[bytes, ...] = ()
    if _moves(query, start):
        before = groups[: query.offset] if start.after is None else ()
        new = (
            cursors.tag(one.id) for group in (*before, *page) for one in group.all[:_TAGS_A_GROUP]
        )
        shown = (*start.shown, *new)
    return Page(page, rank, is_last=len(rest) <= query.limit, shown=shown)


def _rest(
    query: Query, start: Start, groups: Sequence[Folded[Candidate]]
) -> Sequence[Folded[Candidate]]:
    after = start.after
    if after is None:
        return groups[query.offset :]
    if _moves(query, start):
        return [
            group
            for group in groups
            if not any(cursors.tag(one.id) in start.shown for one in group.all)
        ]
    if query.sort is SearchSort.RELEVANCE:
        return [
            group for group in groups if after.precedes(group.first.score or 0.0, group.first.id)
        ]
    places = (at for at, group in enumerate(groups) if any(one.id == after.id for one in group.all))
    # Where the last image is gone, what followed it has moved up by one.
    return groups[next((at + 1 for at in places), max(after.rank - 1, 0)) :]


def _moves(query: Query, start: Start) -> bool:
    """Whether the order of two images may change as others come in."""
    if query.sort is not SearchSort.RELEVANCE:
        return False
    return query.diverse or start.mode in (SearchMode.HYBRID, SearchMode.TEXT)
