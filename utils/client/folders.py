"""Calls about folders: on the disk, hidden ones and excluded ones."""

from __future__ import annotations

from utils.client.connection import Connection
from utils.contract.annotations.folders import (
    ExcludedFolderReply,
    FolderRequest,
    MarkedFolderList,
    MarkedFolderReply,
)
from utils.contract.imports.disk_folders import DiskFolderList


class FolderCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def list_disk_folders(
        self,
        path: str | None = None,
        *,
        collection: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> DiskFolderList:
        return await self.ask(
            "GET",
            "/roots/folders",
            DiskFolderList,
            path_=path,
            collection=collection,
            limit=limit,
            offset=offset,
        )

    async def list_hidden_folders(self, name: str) -> MarkedFolderList:
        return await self.ask("GET", f"/collections/{name}/folders/hidden", MarkedFolderList)

    async def hide_folder(self, name: str, path: str) -> MarkedFolderReply:
        body = FolderRequest(path=path)
        url = f"/collections/{name}/folders/hidden"
        return await self.ask("POST", url, MarkedFolderReply, body=body)

    async def show_folder(self, name: str, path: str) -> None:
        await self.done("DELETE", f"/collections/{name}/folders/hidden", path_=path)

    async def end_watch(self, name: str, path: str) -> None:
        await self.done("DELETE", f"/collections/{name}/watches", path_=path)

    async def list_excluded_folders(self, name: str) -> MarkedFolderList:
        return await self.ask("GET", f"/collections/{name}/folders/excluded", MarkedFolderList)

    async def exclude_folder(self, name: str, path: str) -> ExcludedFolderReply:
        body = FolderRequest(path=path)
        url = f"/collections/{name}/folders/excluded"
        return await self.ask("POST", url, ExcludedFolderReply, body=body)

    async def include_folder(self, name: str, path: str) -> None:
        await self.done("DELETE", f"/collections/{name}/folders/excluded", path_=path)
