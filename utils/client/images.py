"""Calls about stored images: browse, count, fetch, forget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from utils.client.connection import Connection
from utils.contract import FilterSpec, ImageList, ImageReply, Selection
from utils.contract.annotations.annotation import (
    AnnotationChanged,
    AnnotationChangeRequest,
    AnnotationRequest,
)
from utils.contract.annotations.reply import AnnotationReply
from utils.contract.browsing.counts import FacetsReply, FolderList, MapReply, TimelineReply
from utils.contract.browsing.orders import BrowseOrder, BrowseSort, TimelineStep
from utils.contract.browsing.rows import ExportFormat, SelectionExport
from utils.contract.browsing.tiles import TileList
from utils.contract.removal.forgotten import ForgetReply
from utils.contract.removal.trash import RestoreReply

_PAGE = 500


class ImageCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def list_images(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        sort: BrowseSort | None = None,
        order: BrowseOrder | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
    ) -> ImageList:
        return await self.ask(
            "GET",
            "/images",
            ImageList,
            collection=collection,
            filters=filters_text(filters),
            sort=sort,
            order=order,
            limit=limit,
            offset=offset,
            cursor=cursor,
        )

    async def list_tiles(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        sort: BrowseSort | None = None,
        order: BrowseOrder | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
    ) -> TileList:
        return await self.ask(
            "GET",
            "/images/tiles",
            TileList,
            collection=collection,
            filters=filters_text(filters),
            sort=sort,
            order=order,
            limit=limit,
            offset=offset,
            cursor=cursor,
        )

    async def all_images(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        sort: BrowseSort | None = None,
        order: BrowseOrder | None = None,
    ) -> AsyncIterator[ImageReply]:
        """Page by page, by cursor: nothing comes twice."""
        cursor: str | None = None
        while True:
            page = await self.list_images(
                collection, filters=filters, sort=sort, order=order, limit=_PAGE, cursor=cursor
            )
            for one in page.images:
                yield one
            cursor = page.cursor
            if cursor is None:
                return

    async def export_images(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        sort: BrowseSort | None = None,
        order: BrowseOrder | None = None,
        export_format: ExportFormat | None = None,
    ) -> AsyncIterator[bytes]:
        """All of them as CSV, or as `ImageTable` in JSON, in pieces."""
        async with self.streamed(
            "GET",
            "/images/export",
            collection=collection,
            filters=filters_text(filters),
            sort=sort,
            order=order,
            format=export_format,
        ) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def get_timeline(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        by: TimelineStep | None = None,
        order: BrowseOrder | None = None,
    ) -> TimelineReply:
        return await self.ask(
            "GET",
            "/images/timeline",
            TimelineReply,
            collection=collection,
            filters=filters_text(filters),
            by=by,
            order=order,
        )

    async def get_facets(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        limit: int | None = None,
    ) -> FacetsReply:
        return await self.ask(
            "GET",
            "/images/facets",
            FacetsReply,
            collection=collection,
            filters=filters_text(filters),
            limit=limit,
        )

    async def get_map(
        self,
        collection: str = "default",
        *,
        filters: FilterSpec | None = None,
        min_latitude: float | None = None,
        min_longitude: float | None = None,
        max_latitude: float | None = None,
        max_longitude: float | None = None,
        zoom: int | None = None,
    ) -> MapReply:
        return await self.ask(
            "GET",
            "/images/map",
            MapReply,
            collection=collection,
            filters=filters_text(filters),
            min_latitude=min_latitude,
            min_longitude=min_longitude,
            max_latitude=max_latitude,
            max_longitude=max_longitude,
            zoom=zoom,
        )

    async def list_folders(
        self,
        collection: str = "default",
        *,
        below: str | None = None,
        include_hidden: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> FolderList:
        return await self.ask(
            "GET",
            "/folders",
            FolderList,
            collection=collection,
            path_=below,
            include_hidden=include_hidden,
            limit=limit,
            offset=offset,
        )

    async def get_image(self, image_id: str, collection: str = "default") -> ImageReply:
        return await self.ask("GET", f"/images/{image_id}", ImageReply, collection=collection)

    async def get_thumbnail(self, image_id: str, collection: str = "default") -> bytes:
        return await self.content(f"/images/{image_id}/thumbnail", collection=collection)

    async def get_preview(
        self,
        image_id: str,
        collection: str = "default",
        *,
        size: int | None = None,
        image_format: str | None = None,
    ) -> bytes:
        """JPEG, or WebP where `image_format` says so."""
        path = f"/images/{image_id}/preview"
        return await self.content(path, collection=collection, size=size, format=image_format)

    async def get_file(self, image_id: str, collection: str = "default") -> AsyncIterator[bytes]:
        """The original, in pieces."""
        path = f"/images/{image_id}/file"
        async with self.streamed("GET", path, collection=collection) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def download_zip(
        self, image_ids: Sequence[str], collection: str = "default"
    ) -> AsyncIterator[bytes]:
        """The originals as one archive, in pieces."""
        body = _selection(image_ids, collection)
        async with self.streamed("POST", "/selection/zip", body=body) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def export_selection(
        self,
        image_ids: Sequence[str],
        collection: str = "default",
        *,
        export_format: ExportFormat = ExportFormat.CSV,
    ) -> AsyncIterator[bytes]:
        """The same of these, in this order."""
        body = SelectionExport.model_validate(
            {"ids": list(image_ids), "collection": collection, "format": export_format}
        )
        async with self.streamed("POST", "/selection/export", body=body) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def forget_image(self, image_id: str, collection: str = "default") -> ForgetReply:
        return await self.ask("DELETE", f"/images/{image_id}", ForgetReply, collection=collection)

    async def forget_selection(
        self, image_ids: Sequence[str], collection: str = "default"
    ) -> ForgetReply:
        body = _selection(image_ids, collection)
        return await self.ask("POST", "/selection/forget", ForgetReply, body=body)

    async def restore_selection(
        self, image_ids: Sequence[str], collection: str = "default"
    ) -> RestoreReply:
        body = _selection(image_ids, collection)
        return await self.ask("POST", "/selection/restore", RestoreReply, body=body)

    async def get_annotation(self, image_id: str, collection: str = "default") -> AnnotationReply:
        path = f"/images/{image_id}/annotation"
        return await self.ask("GET", path, AnnotationReply, collection=collection)

    async def put_annotation(
        self, image_id: str, request: AnnotationRequest, collection: str = "default"
    ) -> AnnotationReply:
        path = f"/images/{image_id}/annotation"
        return await self.ask("PUT", path, AnnotationReply, body=request, collection=collection)

    async def change_annotations(self, request: AnnotationChangeRequest) -> AnnotationChanged:
        return await self.ask("POST", "/selection/annotation", AnnotationChanged, body=request)


def filters_text(filters: FilterSpec | None) -> str | None:
    """As a parameter carries them."""
    return None if filters is None else filters.model_dump_json(exclude_defaults=True)


def _selection(image_ids: Sequence[str], collection: str) -> Selection:
    return Selection.model_validate({"ids": list(image_ids), "collection": collection})
