"""Calls about albums and the images in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from utils.client.connection import Connection
from utils.contract.annotations.albums import (
    AlbumChangeRequest,
    AlbumDetail,
    AlbumImagesChanged,
    AlbumImagesRequest,
    AlbumList,
    AlbumReply,
    AlbumRequest,
)
from utils.contract.browsing.orders import BrowseOrder
from utils.contract.search import SearchHit, SearchReply, SearchSort

_PAGE = 200


class AlbumCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def list_albums(
        self,
        *,
        collection: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> AlbumList:
        return await self.ask(
            "GET",
            "/albums",
            AlbumList,
            collection=collection,
            name=name,
            limit=limit,
            after=after,
        )

    async def all_albums(self, collection: str | None = None) -> AsyncIterator[AlbumReply]:
        """Page by page, by name."""
        after: str | None = None
        while True:
            page = await self.list_albums(collection=collection, limit=_PAGE, after=after)
            for one in page.albums:
                yield one
            after = page.next_after
            if after is None:
                return

    async def create_album(self, request: AlbumRequest) -> AlbumDetail:
        return await self.ask("POST", "/albums", AlbumDetail, body=request)

    async def get_album(self, album_id: str) -> AlbumDetail:
        return await self.ask("GET", f"/albums/{album_id}", AlbumDetail)

    async def change_album(self, album_id: str, request: AlbumChangeRequest) -> AlbumDetail:
        """What the request was not given stays as it is."""
        return await self.ask("PATCH", f"/albums/{album_id}", AlbumDetail, body=request)

    async def delete_album(self, album_id: str) -> None:
        await self.done("DELETE", f"/albums/{album_id}")

    async def list_album_images(
        self,
        album_id: str,
        *,
        sort: SearchSort | None = None,
        order: BrowseOrder | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SearchReply:
        return await self.ask(
            "GET",
            f"/albums/{album_id}/images",
            SearchReply,
            sort=sort,
            order=order,
            limit=limit,
            cursor=cursor,
        )

    async def all_album_images(
        self,
        album_id: str,
        *,
        sort: SearchSort | None = None,
        order: BrowseOrder | None = None,
    ) -> AsyncIterator[SearchHit]:
        """Page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_album_images(
                album_id, sort=sort, order=order, limit=_PAGE, cursor=cursor
            )
            for one in page.results:
                yield one
            cursor = page.cursor
            if cursor is None:
                return

    async def put_into_album(self, album_id: str, image_ids: Sequence[str]) -> AlbumImagesChanged:
        path = f"/albums/{album_id}/images"
        return await self.ask("POST", path, AlbumImagesChanged, body=_images(image_ids))

    async def take_out_of_album(
        self, album_id: str, image_ids: Sequence[str]
    ) -> AlbumImagesChanged:
        path = f"/albums/{album_id}/images/remove"
        return await self.ask("POST", path, AlbumImagesChanged, body=_images(image_ids))


def _images(ids: Sequence[str]) -> AlbumImagesRequest:
    return AlbumImagesRequest(ids=tuple(map(UUID, ids)))
