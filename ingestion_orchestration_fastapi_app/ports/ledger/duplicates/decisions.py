"""What people decide about the images of groups, and the files that are not needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.duplicates.records import UnneededFile
from utils.contract.duplicates.decisions import Decision


class DecisionRepository(Protocol):
    """By content: no search, re-embedding or rebuild touches it, nor that an image leaves. Copies
    of the same bytes are decided about file by file. All goes with its collection.
    """

    async def decide(
        self, collection_id: int, group_id: int, decisions: Mapping[UUID, Decision]
    ) -> int | None:
        """One transaction; what is not named stays. How many files are not needed by it; None:
        there is no such group in the run that is shown.

        Raises ImageNotFound: one is not of the group, or has left without a decision.
        Raises ValidationProblem: too much would be decided in the collection.
        """

    async def add(self, collection_id: int, files: Sequence[UnneededFile]) -> int:
        """Files that are not needed, where nothing is decided yet; how many that are. Their `id`
        does not count.

        Raises CollectionNotFound; ValidationProblem as `decide`.
        """

    async def unneeded(self, collection_id: int, *, after: int, limit: int) -> list[UnneededFile]:
        """Each file once, by its place in the list, those above `after`."""

    async def unneeded_size(self, collection_id: int) -> tuple[int, int]:
        """How many files that are in all, and their bytes."""

    async def take_back(self, collection_id: int, point_ids: Sequence[UUID]) -> int:
        """What was decided against these files: other files of a content that was not needed leave
        the list, too. How many have left it.
        """

    async def clear(self, collection_id: int) -> None:
        """Nothing is decided any more."""
