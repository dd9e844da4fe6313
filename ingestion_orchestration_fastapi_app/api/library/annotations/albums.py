"""Albums: make, list, show, change, delete."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.links import OF_ALBUMS, OF_NEW_ALBUM
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.library.annotations import Album, Kept
from ingestion_orchestration_fastapi_app.errors import (
    AlbumExists,
    AlbumNotFound,
    CollectionNotFound,
    DiskFull,
    StoreRead,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.annotations.saved_searches import saved_request
from utils.contract import API_PREFIX, MAX_NAME_CHARACTERS
from utils.contract.annotations.albums import (
    MAX_ALBUM_NAME_CHARACTERS,
    AlbumChangeRequest,
    AlbumCover,
    AlbumDetail,
    AlbumFound,
    AlbumList,
    AlbumReply,
    AlbumRequest,
)
from utils.problems import ValidationProblem
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

router = APIRouter(tags=["albums"], dependencies=[READS])  # a part of that of `annotation`

MAX_ALBUMS_A_PAGE = 200
_GROUP = 500  # images that are looked up at once
_ID = "6b1d2f3a-5c77-4c0e-9b3e-2a4f1d0c8e55"
_CHANGING = (AlbumNotFound, StoreWrite, DiskFull)

AlbumId = Annotated[UUID, Path(description="An album, as `id` says.", examples=[_ID])]


@router.get("/albums", summary="List albums", responses={200: {"links": OF_ALBUMS}})
async def list_albums(
    services: AppStateDep,
    collection: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_NAME_CHARACTERS,
            description="Only those of this collection.",
            examples=["default"],
        ),
    ] = None,
    name: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_ALBUM_NAME_CHARACTERS,
            description="Only the one of this name, without regard to case.",
            examples=["Dogs on the beach"],
        ),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_ALBUMS_A_PAGE, description="The most of a page.")
    ] = 50,
    after: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_ALBUM_NAME_CHARACTERS,
            description="The `next_after` of the page before.",
        ),
    ] = None,
) -> AlbumList:
    """By name, with what is known of each without asking its search: `found` says what that gave
    when somebody looked last.
    """
    repository = services.ports.ledger.albums
    if name is not None:
        one = await repository.named(name)
        is_meant = one is not None and collection in (None, one.collection)
        return AlbumList(
            albums=(_reply(one),) if one is not None and is_meant else (), next_after=None
        )
    page = await repository.page(collection=collection, after=after or "", limit=limit)
    next_after = page[-1].name if len(page) == limit else None
    return AlbumList(albums=tuple(map(_reply, page)), next_after=next_after)


@router.post(
    "/albums",
    dependencies=[WRITES],
    status_code=201,
    summary="Make an album",
    responses={
        **located(201, "Where it is shown.", OF_NEW_ALBUM),
        **problems(CollectionNotFound, AlbumExists, StoreRead, StoreWrite, DiskFull),
    },
)
async def create_album(
    body: AlbumRequest, response: Response, services: AppStateDep
) -> AlbumDetail:
    """With a search that fills it, with images that are put in by hand, or with both. Albums stay
    whatever becomes of collections: what is put in is known by its content.
    """
    ids, collection = tuple(dict.fromkeys(body.image_ids)), body.of_collection
    contents, missing = await contents_of(services, collection, ids)
    if missing:
        raise ValidationProblem(f"image_ids: {collection!r} holds no image {missing[0]}.")
    album = await services.albums.create(
        body.name, collection, body.search, list(contents.values())
    )
    response.headers["Location"] = external_path(f"{API_PREFIX}/albums/{album.id}")
    return _detail(album)


@router.get("/albums/{album_id}", summary="Show an album", responses=problems(AlbumNotFound))
async def get_album(album_id: AlbumId, services: AppStateDep) -> AlbumDetail:
    """With the search that fills it."""
    return _detail(await services.ports.ledger.albums.get(album_id))


@router.patch(
    "/albums/{album_id}",
    dependencies=[WRITES],
    summary="Change an album",
    responses=problems(CollectionNotFound, AlbumExists, *_CHANGING),
)
async def change_album(
    album_id: AlbumId, body: AlbumChangeRequest, services: AppStateDep
) -> AlbumDetail:
    """Its name, its search, or the collection that its images are looked for in."""
    album = await services.albums.change(
        album_id,
        name=body.name,
        collection=body.collection,
        search=body.search if "search" in body.model_fields_set else Kept.KEPT,
    )
    return _detail(album)


@router.delete(
    "/albums/{album_id}",
    dependencies=[WRITES],
    status_code=204,
    summary="Delete an album",
    responses=problems(*_CHANGING),
)
async def delete_album(album_id: AlbumId, services: AppStateDep) -> None:
    """The images stay where they are."""
    await services.ports.ledger.albums.delete(album_id)


async def contents_of(
    services: AppState, collection: str, ids: tuple[UUID, ...]
) -> tuple[dict[UUID, bytes], tuple[str, ...]]:
    """Of each image, in their order, and the ids that the collection does not hold."""
    there: dict[UUID, bytes] = {}
    for start in range(0, len(ids), _GROUP):
        images = await services.images.several(collection, ids[start : start + _GROUP])
        there |= {image.id: image.sha256 for image in images}
    contents = {one: there[one] for one in ids if one in there}
    return contents, tuple(str(one) for one in ids if one not in there)


def _reply(album: Album) -> AlbumReply:
    query = None if album.search is None else saved_request(album.search).query
    cover, filled = album.cover, album.filled
    if cover is not None:
        image = external_path(f"{API_PREFIX}/images/{cover}")
        thumbnail = f"{image}/thumbnail?collection={album.collection}"
    return AlbumReply(
        id=str(album.id),
        name=album.name,
        collection=album.collection,
        images=album.images,
        fills_itself=album.search is not None,
        query=query,
        found=None
        if filled is None
        else AlbumFound(images=filled.images, is_exact=filled.is_exact, at=filled.at),
        cover=None if cover is None else AlbumCover(image_id=str(cover), thumbnail_url=thumbnail),
        created_at=album.created_at,
        changed_at=album.changed_at,
    )


def _detail(album: Album) -> AlbumDetail:
    search = None
    if album.search is not None:
        request = saved_request(album.search)
        search = request.model_dump(mode="json", exclude_defaults=True)
        search["collection"] = album.collection
    return AlbumDetail(**_reply(album).model_dump(), search=search)
