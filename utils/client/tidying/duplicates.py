"""Calls about duplicates: groups, one image's, and what is dismissed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from utils.client.connection import Connection
from utils.contract.browsing.rows import ExportFormat
from utils.contract.duplicates.decisions import (
    DecisionsReply,
    DecisionsRequest,
    UnneededFileList,
    UnneededFileReply,
    UnneededFilesChanged,
    UnneededFilesRequest,
)
from utils.contract.duplicates.groups import (
    DismissalList,
    DismissalReply,
    DuplicateGroup,
    DuplicateList,
    ImageDuplicates,
)
from utils.contract.duplicates.options import DuplicateClass
from utils.contract.images import Selection

_PAGE = 100
_FILES = 500
_UNNEEDED = "/duplicates/not-needed"


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
        decided: bool | None = None,
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
            decided=decided,
            cursor=cursor,
        )

    async def all_duplicates(
        self,
        collection: str = "default",
        *,
        classes: Sequence[DuplicateClass] | None = None,
        members: int | None = None,
        decided: bool | None = None,
    ) -> AsyncIterator[DuplicateGroup]:
        """Page by page. `decided`: only groups of which nothing is open, or only the others."""
        cursor: str | None = None
        while True:
            page = await self.list_duplicates(
                collection,
                classes=classes,
                limit=_PAGE,
                members=members,
                decided=decided,
                cursor=cursor,
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
        decided: bool | None = None,
    ) -> AsyncIterator[bytes]:
        """All groups as CSV, or as `DuplicateExport` in JSON, in pieces."""
        path = "/duplicates/export"
        async with self.streamed(
            "GET",
            path,
            collection=collection,
            class_=classes,
            format=export_format,
            decided=decided,
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

    async def put_duplicate_decisions(
        self, group_id: int, body: DecisionsRequest, collection: str = "default"
    ) -> DecisionsReply:
        path = f"/duplicates/groups/{group_id}/decisions"
        return await self.ask("PUT", path, DecisionsReply, body=body, collection=collection)

    async def list_unneeded_files(
        self, collection: str = "default", *, limit: int | None = None, after: int | None = None
    ) -> UnneededFileList:
        return await self.ask(
            "GET", _UNNEEDED, UnneededFileList, collection=collection, limit=limit, after=after
        )

    async def all_unneeded_files(
        self, collection: str = "default"
    ) -> AsyncIterator[UnneededFileReply]:
        """Page by page."""
        after: int | None = 0
        while after is not None:
            page = await self.list_unneeded_files(collection, limit=_FILES, after=after)
            for one in page.files:
                yield one
            after = page.next_after

    async def add_unneeded_files(self, body: UnneededFilesRequest) -> UnneededFilesChanged:
        return await self.ask("POST", _UNNEEDED, UnneededFilesChanged, body=body)

    async def take_back_unneeded_files(self, body: Selection) -> UnneededFilesChanged:
        return await self.ask("POST", f"{_UNNEEDED}/take-back", UnneededFilesChanged, body=body)

    async def clear_duplicate_decisions(self, collection: str = "default") -> None:
        await self.done("DELETE", _UNNEEDED, collection=collection)

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
