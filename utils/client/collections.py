"""Calls about collections, their generations and roots, and the folders that may be imported."""

from __future__ import annotations

from urllib.parse import quote

from utils.client.connection import Connection
from utils.contract import (
    ActivateRequest,
    AllowedRootList,
    AllowedRootRequest,
    CollectionDetail,
    CollectionList,
    CollectionRename,
    CollectionReply,
    CollectionRequest,
    GenerationList,
    IngestAccepted,
    RepointRequest,
)
from utils.contract.collections import ReembedRequest
from utils.contract.removal.forgotten import ForgottenList
from utils.contract.removal.trash import TrashEmptied


class CollectionCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def list_collections(self) -> CollectionList:
        return await self.ask("GET", "/collections", CollectionList)

    async def create_collection(self, name: str) -> CollectionReply:
        body = CollectionRequest(name=name)
        return await self.ask("POST", "/collections", CollectionReply, body=body)

    async def get_collection(self, name: str) -> CollectionDetail:
        return await self.ask("GET", _path(name), CollectionDetail)

    async def rename_collection(self, name: str, new_name: str) -> CollectionReply:
        body = CollectionRename(name=new_name)
        return await self.ask("PATCH", _path(name), CollectionReply, body=body)

    async def delete_collection(self, name: str) -> None:
        await self.done("DELETE", _path(name))

    async def list_generations(self, name: str) -> GenerationList:
        return await self.ask("GET", f"{_path(name)}/generations", GenerationList)

    async def activate_generation(
        self, name: str, generation_id: int, request: ActivateRequest | None = None
    ) -> GenerationList:
        path = f"{_path(name)}/generations/{generation_id}/activate"
        return await self.ask("POST", path, GenerationList, body=request or ActivateRequest())

    async def remove_generation(self, name: str, generation_id: int) -> None:
        await self.done("DELETE", f"{_path(name)}/generations/{generation_id}")

    async def reembed_collection(self, name: str, request: ReembedRequest) -> IngestAccepted:
        return await self.ask("POST", f"{_path(name)}/reembed", IngestAccepted, body=request)

    async def repoint_root(self, name: str, old_path: str, new_path: str) -> CollectionReply:
        body = RepointRequest.model_validate({"from": old_path, "to": new_path})
        return await self.ask("POST", f"{_path(name)}/roots/repoint", CollectionReply, body=body)

    async def forget_root(self, name: str, path: str) -> CollectionReply:
        return await self.ask("DELETE", f"{_path(name)}/roots", CollectionReply, path_=path)

    async def list_forgotten(
        self, name: str, *, limit: int | None = None, after: str | None = None
    ) -> ForgottenList:
        path = f"{_path(name)}/forgotten"
        return await self.ask("GET", path, ForgottenList, limit=limit, after=after)

    async def take_back_image(self, name: str, sha256: str) -> None:
        await self.done("DELETE", f"{_path(name)}/forgotten/{sha256}")

    async def empty_trash(self, name: str) -> TrashEmptied:
        return await self.ask("DELETE", f"{_path(name)}/trash", TrashEmptied)

    async def list_roots(self) -> AllowedRootList:
        return await self.ask("GET", "/roots", AllowedRootList)

    async def add_root(self, path: str) -> AllowedRootList:
        body = AllowedRootRequest(path=path)
        return await self.ask("POST", "/roots", AllowedRootList, body=body)

    async def remove_root(self, path: str) -> AllowedRootList:
        return await self.ask("DELETE", "/roots", AllowedRootList, path_=path)


def _path(collection: str) -> str:
    return f"/collections/{quote(collection, safe='')}"
