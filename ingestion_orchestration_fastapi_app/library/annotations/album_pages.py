"""The images of an album, page by page: what was put in by hand, then what its search finds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.library.annotations import Album, Filled
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.errors import CursorRefused, DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Asked, Browsing
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Result
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.albums import AlbumRepository

NOTED_EVERY = timedelta(minutes=1)  # where nothing else was found, so that looking writes little
_BY_HAND = "h"  # a cursor's first letter: whose the rest of it is
_FOUND = "f"


class SearchPage(Protocol):
    """Asks the album's search. `also`: a further condition; with `is_counted` the total is told."""

    async def __call__(
        self, *, also: Filters, limit: int, cursor: str | None, is_counted: bool
    ) -> Found: ...


@dataclass(frozen=True, slots=True)
class AlbumPage:
    """`order`: of what was put in by hand."""

    album: Album
    order: Order
    limit: int
    cursor: str | None = None

    @property
    def is_first(self) -> bool:
        return self.cursor is None


def utc_now() -> datetime:
    return datetime.now(UTC)


class AlbumPages:
    """Raises what browsing and searches raise."""

    def __init__(
        self,
        albums: AlbumRepository,
        browsing: Browsing,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._albums = albums
        self._browsing = browsing
        self._clock = clock

    async def page(self, asked: AlbumPage, search: SearchPage | None) -> Found:
        """The total is told with the first page."""
        whose, cursor = _read(asked.cursor)
        if whose == _BY_HAND:
            found = await self._by_hand(asked, cursor)
            is_full = found.cursor is not None
            if search is None or (is_full and not asked.is_first):
                return found
        elif search is None:
            raise CursorRefused("The cursor is of a search that fills this album no more.")
        else:
            return _marked(_FOUND, await self._searched(asked, search, asked.limit, cursor))
        # A first page that is full looks for one all the same: what is found is counted with it.
        room = 1 if is_full else asked.limit - len(found.hits)
        more = await self._searched(asked, search, room, None)
        if asked.is_first:
            await self._note(asked.album, more)
        return _joined(found, _marked(_FOUND, more), is_full=is_full)

    async def _by_hand(self, asked: AlbumPage, cursor: str | None) -> Found:
        in_album = replace(NO_FILTERS, album=asked.album.id)
        page = await self._browsing.page(
            Asked(asked.album.collection, in_album, asked.order, asked.limit, cursor=cursor)
        )
        found = Found(
            [Result(point, None, is_near=False) for point in page.points],
            page.collection,
            page.warning_details,
            page.cursor,
            mode=None,
            total=page.total if asked.is_first else None,
            is_total_exact=page.total_is_exact or not asked.is_first,
        )
        return _marked(_BY_HAND, found)

    async def _searched(
        self, asked: AlbumPage, search: SearchPage, limit: int, cursor: str | None
    ) -> Found:
        album = asked.album.id
        known = (replace(NO_FILTERS, album=album), replace(NO_FILTERS, kept_out_of=album))
        also = replace(NO_FILTERS, none_of=known)
        return await search(also=also, limit=limit, cursor=cursor, is_counted=asked.is_first)

    async def _note(self, album: Album, found: Found) -> None:
        """Who only looks is not told that it could not be written down."""
        cover = found.hits[0].point.sha256 if found.hits else None
        now = self._clock()
        filled = Filled(found.total or 0, found.is_total_exact, cover, now)
        before = album.filled
        is_as_before = before is not None and replace(filled, at=before.at) == before
        if is_as_before and before is not None and now - before.at < NOTED_EVERY:
            return
        with suppress(StoreWrite, DiskFull):
            await self._albums.note_filled(album.id, filled)


def _read(cursor: str | None) -> tuple[str, str | None]:
    """Whose it is, and its own; a search that begins has none."""
    if cursor is None:
        return _BY_HAND, None
    whose, own = cursor[:1], cursor[1:]
    if whose not in (_BY_HAND, _FOUND) or (whose == _BY_HAND and not own):
        raise CursorRefused("This is no cursor that an album gave.")
    return whose, own or None


def _marked(whose: str, found: Found) -> Found:
    return found if found.cursor is None else replace(found, cursor=whose + found.cursor)


def _joined(by_hand: Found, found: Found, *, is_full: bool) -> Found:
    """`is_full`: the page is by hand alone, and more of that may follow."""
    total = None
    if by_hand.total is not None and found.total is not None:
        total = by_hand.total + found.total
    warned = (*by_hand.warning_details, *found.warning_details)
    return replace(
        found,
        hits=[*by_hand.hits, *(() if is_full else found.hits)],
        warning_details=tuple({one.detail: one for one in warned}.values()),
        cursor=by_hand.cursor if is_full else found.cursor,
        total=total,
        is_total_exact=by_hand.is_total_exact and found.is_total_exact,
    )
