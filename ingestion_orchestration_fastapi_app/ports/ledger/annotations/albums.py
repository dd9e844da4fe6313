"""Albums, and what is put into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    Album,
    AlbumChange,
    Filled,
    NewAlbum,
)


class AlbumRepository(Protocol):
    """Contents are SHA-256 of bytes. What names one album raises AlbumNotFound without it.

    A collection that is renamed takes its albums along; one that is deleted leaves them.
    """

    async def create(self, new: NewAlbum, contents: Sequence[bytes] = ()) -> Album:
        """Raises AlbumExists; ValidationProblem: there are too many, or it holds too much."""

    async def get(self, album_id: UUID) -> Album: ...

    async def page(
        self, *, collection: str | None = None, after: str = "", limit: int
    ) -> list[Album]:
        """By name, without regard to case, from the names above `after`."""

    async def named(self, name: str) -> Album | None:
        """Without regard to case."""

    async def change(self, album_id: UUID, change: AlbumChange) -> Album:
        """Raises AlbumExists."""

    async def delete(self, album_id: UUID) -> None: ...

    async def put_in(
        self, album_id: UUID, contents: Sequence[bytes]
    ) -> tuple[Album, frozenset[bytes]]:
        """All or none, and those that were not in before: one that is in stays where it is.

        Raises ValidationProblem: too much.
        """

    async def take_out(self, album_id: UUID, contents: Collection[bytes]) -> Album:
        """Where a search fills it they stay out of what it finds, until they are put in again.

        Raises ValidationProblem: too much would have to be kept out.
        """

    async def points(
        self, collection_id: int, album_id: UUID, *, is_in: bool, limit: int
    ) -> list[UUID]:
        """Of files whose content was put in, or else was taken out. None of an unknown album."""

    async def note_filled(self, album_id: UUID, filled: Filled) -> None:
        """What its search found. Nothing where the album is gone, or no search fills it now."""
