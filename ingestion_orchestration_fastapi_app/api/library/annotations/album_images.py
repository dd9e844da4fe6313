"""The images of an album: shown, put in, taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.image_views import search_reply
from ingestion_orchestration_fastapi_app.api.library.annotations.albums import (
    AlbumId,
    contents_of,
)
from ingestion_orchestration_fastapi_app.api.library.searching.mixed import found_by
from ingestion_orchestration_fastapi_app.api.library.searching.search import SEARCHING
from ingestion_orchestration_fastapi_app.api.links import OF_RESULTS
from ingestion_orchestration_fastapi_app.api.parameters import PageLimit
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.library.annotations import Album
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order, Sort
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.errors import (
    AlbumNotFound,
    CollectionNotFound,
    DiskFull,
    ImageNotFound,
    StoreRead,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.annotations.album_pages import (
    AlbumPage,
    SearchPage,
)
from ingestion_orchestration_fastapi_app.library.annotations.saved_searches import (
    model_warnings,
    saved_request,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Found
from utils.contract import SearchReply
from utils.contract.annotations.albums import AlbumImagesChanged, AlbumImagesRequest
from utils.contract.browsing import BrowseOrder
from utils.contract.search import MAX_CURSOR_CHARACTERS, SearchRequest, SearchSort
from utils.web.openapi import problems

router = APIRouter(tags=["albums"], dependencies=[READS])  # a part of that of `annotation`

_CHANGING = problems(AlbumNotFound, CollectionNotFound, StoreRead, StoreWrite, DiskFull)
_Cursor = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR_CHARACTERS + 1)]


@router.get(
    "/albums/{album_id}/images",
    summary="List an album's images",
    responses={
        200: {"links": OF_RESULTS},
        **problems(AlbumNotFound, ImageNotFound, *SEARCHING),
    },
)
async def list_album_images(
    album_id: AlbumId,
    services: AppStateDep,
    sort: Annotated[
        SearchSort | None,
        Query(
            description="The order of what the search finds, in place of its own, and of what was "
            "put in by hand: `relevance` sorts that by `taken_at`."
        ),
    ] = None,
    order: Annotated[
        BrowseOrder | None,
        Query(description="Unless it is given the newest come first, and paths go from A to Z."),
    ] = None,
    limit: PageLimit = 50,
    cursor: Annotated[
        _Cursor | None,
        Query(
            description="The `cursor` of the page before, with all else as it was but for `limit`. "
            "In what the search finds it is good for 10 minutes."
        ),
    ] = None,
) -> SearchReply:
    """What was put in by hand, then what its search finds now, without what was put in or taken
    out, as a search answers. The total is told with the first page; `score` is null by hand.
    """
    album = await services.ports.ledger.albums.get(album_id)
    search = None if album.search is None else await _search(services, album, sort, order)
    by = Sort.TAKEN_AT if sort in (None, SearchSort.RELEVANCE) else Sort(sort.value)
    is_descending = order is BrowseOrder.DESC
    if order is None:
        is_descending = by is not Sort.PATH
    asked = AlbumPage(album, Order(by, is_descending=is_descending), limit, cursor)
    return await search_reply(services, await services.album_pages.page(asked, search))


async def _search(
    services: AppState, album: Album, sort: SearchSort | None, order: BrowseOrder | None
) -> SearchPage:
    """Raises CollectionNotFound, ModelMismatch."""
    assert album.search is not None, "it was asked before"
    request = saved_request(album.search)
    active = (await services.collections.get(album.collection)).active
    warnings = model_warnings(album.search, request, None if active is None else active.fingerprint)
    changes: dict[str, object] = {"collection": album.collection}
    if sort is not None:
        changes |= {"sort": sort, "diverse": request.diverse and sort is SearchSort.RELEVANCE}
    if order is not None:
        changes["order"] = order.value
    request = request.model_copy(update=changes)

    async def page(*, also: Filters, limit: int, cursor: str | None, is_counted: bool) -> Found:
        of_page = {"limit": limit, "cursor": cursor, "with_total": is_counted}
        body: SearchRequest = request.model_copy(update=of_page)
        found, _ = await found_by(services, body, {}, also=also)
        return replace(found, warning_details=(*found.warning_details, *warnings))

    return page


@router.post(
    "/albums/{album_id}/images",
    dependencies=[WRITES],
    summary="Put images into an album",
    responses=_CHANGING,
)
async def put_into_album(
    album_id: AlbumId, body: AlbumImagesRequest, services: AppStateDep
) -> AlbumImagesChanged:
    """By content: a copy, and the same picture after it moved, is in the album, too."""
    album = await services.ports.ledger.albums.get(album_id)
    contents, missing = await contents_of(services, album.collection, body.images)
    album, new = await services.ports.ledger.albums.put_in(album_id, list(contents.values()))
    fresh = tuple(str(one) for one, sha256 in contents.items() if sha256 in new)
    return _changed(album, body, missing, fresh=fresh)


@router.post(
    "/albums/{album_id}/images/remove",
    dependencies=[WRITES],
    summary="Take images out of an album",
    responses=_CHANGING,
)
async def take_out_of_album(
    album_id: AlbumId, body: AlbumImagesRequest, services: AppStateDep
) -> AlbumImagesChanged:
    """Where a search fills it they stay out, until they are put in. The images stay stored."""
    album = await services.ports.ledger.albums.get(album_id)
    contents, missing = await contents_of(services, album.collection, body.images)
    album = await services.ports.ledger.albums.take_out(album_id, list(contents.values()))
    return _changed(album, body, missing)


def _changed(
    album: Album,
    body: AlbumImagesRequest,
    missing: tuple[str, ...],
    *,
    fresh: tuple[str, ...] = (),
) -> AlbumImagesChanged:
    changed = len(body.images) - len(missing)
    return AlbumImagesChanged(changed=changed, images=album.images, missing=missing, fresh=fresh)
