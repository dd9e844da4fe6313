"""What people say against duplicates: which contents are none of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.duplicates.records import Dismissal


class DismissalRepository(Protocol):
    """By content: no search, re-embedding or rebuild touches it. They go with their collection."""

    async def dismiss(self, collection_id: int, group_id: int, name: str) -> int | None:
        """One transaction: the contents of the group's images are said to be no duplicates, and the
        group is not listed. The dismissal's id; None: there is no such group.

        Raises ValidationProblem: the collection's dismissals would name too many contents.
        """

    async def page(self, collection_id: int, *, after: int, limit: int) -> list[Dismissal]:
        """By id, those above `after`; each with its first contents."""

    async def sets(self, collection_id: int) -> Sequence[tuple[int, bytes]]:
        """Each dismissal's id with each of its contents: of a bounded number."""

    async def take_back(self, collection_id: int, dismissal_id: int) -> bool:
        """Its group is back where no later search is shown. False: there was none."""
