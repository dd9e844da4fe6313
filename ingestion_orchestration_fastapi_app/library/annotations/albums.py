"""Makes and changes albums."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    Album,
    AlbumChange,
    Kept,
    NewAlbum,
    SavedSearch,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.album import album_name
from ingestion_orchestration_fastapi_app.library.annotations.saved_searches import saved_text
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.albums import AlbumRepository
from utils.contract.search import SearchRequest


class Albums:
    """Raises AlbumNotFound, AlbumExists, CollectionNotFound, ValidationProblem."""

    def __init__(self, albums: AlbumRepository, collections: Collections) -> None:
        self._albums = albums
        self._collections = collections

    async def create(
        self,
        name: str,
        collection: str,
        search: SearchRequest | None,
        contents: Sequence[bytes],
    ) -> Album:
        await self._collections.get(collection)
        saved = await self._saved(collection, search)
        new = NewAlbum(uuid4(), album_name(name), collection, saved)
        return await self._albums.create(new, contents)

    async def change(
        self,
        album_id: UUID,
        *,
        name: str | None,
        collection: str | None,
        search: SearchRequest | Kept | None,
    ) -> Album:
        """What is None stays, but that no search fills it where `search` is None."""
        where = collection
        if where is None:
            where = (await self._albums.get(album_id)).collection
        saved = Kept.KEPT if isinstance(search, Kept) else await self._saved(where, search)
        if collection is not None:
            await self._collections.get(collection)
        change = AlbumChange(
            name=Kept.KEPT if name is None else name,
            collection=Kept.KEPT if collection is None else collection,
            search=saved,
        )
        return await self._albums.change(album_id, change)

    async def _saved(self, collection: str, search: SearchRequest | None) -> SavedSearch | None:
        if search is None:
            return None
        active = (await self._collections.get(collection)).active
        return SavedSearch(saved_text(search), None if active is None else active.fingerprint)
