"""Groups of duplicates: those of the last search of a collection, and of one that is under way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    FoundGroup,
    GroupCounts,
    Member,
    NewGroup,
    SearchRun,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from utils.contract.duplicates.options import DuplicateClass


class DuplicateGroupRepository(Protocol):
    """A run is *shown* from `publish` on, in place of the one before. An image counts for as long
    as the catalogue has it with the content by which it got into its group; a group, for as long as
    it has two of them. What may be seen of the collection (`seen`) counts alone. Groups come in the
    order in which they were added.
    """

    async def begin(self, collection_id: int, job_id: str, *, images: int) -> int | None:
        """A new run, which is not shown; one that the job began before is replaced. None: the job
        has published its own. Raises CollectionNotFound.
        """

    async def add(self, run_id: int, groups: Sequence[NewGroup]) -> None: ...
    async def publish(self, run_id: int) -> None:
        """From now on it is shown. Idempotent."""

    async def drop_replaced(self, collection_id: int, *, limit: int) -> bool:
        """Deletes at most so many groups of runs that were replaced, or whose jobs have ended
        without publishing them. False: there are no more.
        """

    async def shown(self, collection_id: int) -> SearchRun | None: ...
    async def counts(self, run_id: int, seen: Filters) -> GroupCounts: ...
    async def page(
        self,
        run_id: int,
        seen: Filters,
        *,
        kinds: Collection[DuplicateClass],
        after: int,
        limit: int,
        members: int,
        decided: bool | None = None,
    ) -> list[FoundGroup]:
        """Groups of these classes above the id `after`, each with its first `members`; where
        `decided` is given, only those of which nothing is open, or only the others.
        """

    async def find(self, collection_id: int, group_id: int, seen: Filters) -> FoundGroup | None:
        """Of the run that is shown; without members."""

    async def of_image(self, collection_id: int, point_id: UUID) -> list[int]:
        """Ids of the groups of the shown run in which the image counts."""

    async def members(
        self, group_id: int, seen: Filters, *, offset: int, limit: int
    ) -> list[Member]:
        """Those that count, the one to keep first."""
