"""Searches by text, by a picture, and by an image that is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from utils.client.connection import Connection
from utils.client.images import filters_text
from utils.contract import FilterSpec, SearchHit, SearchReply, SearchTextRequest
from utils.contract.search import ImageVectorReply, SearchRequest


class SearchCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def search_by_text(self, request: SearchTextRequest) -> SearchReply:
        return await self.ask("POST", "/search/text", SearchReply, body=request)

    async def all_hits(self, request: SearchTextRequest) -> AsyncIterator[SearchHit]:
        """Page by page, the best first, as far as the service goes."""
        while True:
            page = await self.search_by_text(request)
            for one in page.results:
                yield one
            if page.cursor is None:
                return
            request = request.model_copy(update={"cursor": page.cursor, "offset": 0})

    async def search_by_anything(self, request: SearchRequest) -> SearchReply:
        return await self.ask("POST", "/search", SearchReply, body=request)

    async def search_with_pictures(
        self, request: SearchRequest, pictures: Mapping[str, bytes]
    ) -> SearchReply:
        """`pictures` by the names that the request's examples say."""
        return await self.ask(
            "POST",
            "/search/pictures",
            SearchReply,
            files=[("files", (name, content)) for name, content in pictures.items()],
            data={"search": request.model_dump_json(exclude_defaults=True)},
        )

    async def get_image_vector(
        self, image_id: str, collection: str = "default"
    ) -> ImageVectorReply:
        path = f"/images/{image_id}/vector"
        return await self.ask("GET", path, ImageVectorReply, collection=collection)

    async def search_by_image(
        self,
        picture: bytes,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
        min_score: float | None = None,
    ) -> SearchReply:
        return await self.ask(
            "POST",
            "/search/image",
            SearchReply,
            files=[("file", ("picture", picture))],
            data={
                "collection": collection,
                "filters": filters_text(filters),
                "limit": limit,
                "offset": offset,
                "cursor": cursor,
                "min_score": min_score,
            },
        )

    async def find_similar_images(
        self,
        image_id: str,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
    ) -> SearchReply:
        return await self.ask(
            "GET",
            f"/images/{image_id}/similar",
            SearchReply,
            collection=collection,
            filters=filters_text(filters),
            limit=limit,
            offset=offset,
            cursor=cursor,
        )
