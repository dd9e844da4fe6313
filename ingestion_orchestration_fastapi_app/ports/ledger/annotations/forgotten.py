"""Forgotten images: contents that no import takes into a collection again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion


class ForgottenRepository(Protocol):
    """By content. A content is *pending* from `begin` to `end`: its points may be there yet."""

    async def begin(self, collection_id: int, images: Sequence[ForgottenImage]) -> None:
        """From now on they are forgotten, and pending. One that was forgotten before keeps its
        time. Raises CollectionNotFound.
        """

    async def pending_collections(self) -> list[int]: ...

    async def pending_points(self, collection_id: int, *, limit: int) -> list[UUID]:
        """Of files of pending contents, that `forget_points` was not told of."""

    async def forget_points(
        self,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        """One transaction, after the points were deleted: nothing was made of their files any
        more, the catalogue holds none of them, and the intents in the generations that are synced
        are over. A file whose content is forgotten has that for a verdict: no scan opens it. What
        of them is in the trash is whole.
        """

    async def end(self, collection_id: int) -> None:
        """No content of the collection is pending any more."""

    async def among(self, collection_id: int, hashes: Sequence[bytes]) -> set[bytes]:
        """Those that are forgotten."""

    async def page(self, collection_id: int, *, after: bytes, limit: int) -> list[ForgottenImage]:
        """By hash, those above `after`."""

    async def take_back(self, collection_id: int, sha256: bytes) -> bool:
        """One transaction: it is not forgotten, nor its files judged. False: it was not."""
