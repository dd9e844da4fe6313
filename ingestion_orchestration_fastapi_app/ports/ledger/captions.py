"""Captions: which files have one, and of whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class CaptionRepository(Protocol):
    async def captioners(self, collection_id: int, point_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The model of each point's caption; without those that have none."""

    async def captioned(self, collection_id: int, *, has: bool, limit: int) -> list[UUID]:
        """Points whose files have a caption, or have none; at most so many, in no order."""

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        """Of captions that are nowhere any more: who wants some asks for them again. Idempotent."""
