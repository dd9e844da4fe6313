"""Calls about duplicates: groups, one image's, and what is dismissed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from utils.client.connection import Connection
from utils.contract.browsing.rows import ExportFormat
from utils.contract.duplicates.groups import (
    DismissalList,
    DismissalReply,
    DuplicateGroup,
    DuplicateList,
    ImageDuplicates,
)
from utils.contract.duplicates.options import DuplicateClass

_PAGE = 100


class DuplicateCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document. A search for them is a job
    of the kind `duplicates`: see `start_job`.
    """

    async def list_duplicates(
        self,
        collection: str = "default",
        *,
        classes: Sequence[DuplicateClass] | None = None,
        limit: int | None = None,
        members: int | None = None,
        cursor: str | None = None,
    ) -> DuplicateList:
        return await self.ask(
            "GET",
            "/duplicates",
            DuplicateList,
            collection=collection,
            class_=classes,
            limit=limit,
            members=members,
            cursor=cursor,
        )

    async def all_duplicates(
        self,
        collection: str = "default",
        *,
        classes: Sequence[DuplicateClass] | None = None,
        members: int | None = None,
    ) -> AsyncIterator[DuplicateGroup]:
        """Page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_duplicates(
                collection, classes=classes, limit=_PAGE, members=members, cursor=cursor
            )
            for one in page.groups:
                yield one
            cursor = page.cursor
            if cursor is None:
                return

    async def export_duplicates(
        self,
        collection: str = "default",
        *,
        classes: Sequence[DuplicateClass] | None = None,
        export_format: ExportFormat | None = None,
    ) -> AsyncIterator[bytes]:
        """All groups as CSV, or as `DuplicateExport` in JSON, in pieces."""
        path = "/duplicates/export"
        async with self.streamed(
            "GET", path, collection=collection, class_=classes, format=export_format
        ) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def get_duplicate_group(
        self,
        group_id: int,
        collection: str = "default",
        *,
        limit: int | None = None,
        offset: int | None = None,
    ) -> DuplicateGroup:
        path = f"/duplicates/groups/{group_id}"
        return await self.ask(
            "GET", path, DuplicateGroup, collection=collection, limit=limit, offset=offset
        )

    async def get_image_duplicates(
        self, image_id: str, collection: str = "default", *, members: int | None = None
    ) -> ImageDuplicates:
        path = f"/images/{image_id}/duplicates"
        return await self.ask("GET", path, ImageDuplicates, collection=collection, members=members)

    async def dismiss_duplicates(
        self, group_id: int, collection: str = "default"
    ) -> DismissalReply:
        path = f"/duplicates/groups/{group_id}/dismiss"
        return await self.ask("POST", path, DismissalReply, collection=collection)

    async def list_dismissed_duplicates(
        self, collection: str = "default", *, limit: int | None = None, after: int | None = None
    ) -> DismissalList:
        path = "/duplicates/dismissed"
        return await self.ask(
            "GET", path, DismissalList, collection=collection, limit=limit, after=after
        )

    async def take_back_dismissal(self, dismissal_id: int, collection: str = "default") -> None:
        await self.done("DELETE", f"/duplicates/dismissed/{dismissal_id}", collection=collection)
