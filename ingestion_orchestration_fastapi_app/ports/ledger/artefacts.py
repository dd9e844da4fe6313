"""Artefacts: which points a generation holds or may hold, and which decodings began."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion


class ArtefactRepository(Protocol):
    """What takes a job's id raises JobNotFound; JobStateProblem for a job that has ended."""

    async def begin_write(
        self, job_id: str, generation_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        """Before points are written to the store: their ids, and what the job will count."""

    async def pending_writes(self, job_id: str) -> dict[UUID, Outcome]:
        """What the job was going to count for points of writes that were never completed."""

    async def maybe_written(self, generation_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        """Those that the store may hold: stored, or of a write that was never completed."""

    async def begin_delete(self, generation_id: int, point_ids: Sequence[UUID]) -> None:
        """Before points are deleted from the store: they may be there or not from now on."""

    async def pending_deletes(self, generation_id: int, *, limit: int) -> list[UUID]:
        """Points whose deletion was not completed, of files that are not there any more or are
        forgotten.
        """

    async def end_delete(self, synced: SyncedVersion, point_ids: Sequence[UUID]) -> None:
        """One transaction, after these were deleted from the generation's table."""

    async def surely_stored(self, generation_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        """Those that the store must hold: stored, and no write or deletion of them is under way."""

    async def count_stored(self, generation_id: int) -> int:
        """How many points it holds as far as the ledger knows."""

    async def correct(
        self, generation_id: int, *, lost: Sequence[UUID], unknown: Sequence[UUID]
    ) -> None:
        """One transaction, and safe to repeat: what a look at the store found of single points.

        The lost are not there: they are no longer believed, and their files will be opened. The
        unknown are there. Both may be there from now on, so that they will be merged.
        """

    async def reconcile(
        self, generation_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        """Compares the ledger with the ids that the store really holds.

        Ids unknown here become intents (so that they will be merged, never appended); points
        believed stored that are not there are no longer believed (their files will be opened).
        Returns how many of each. For a generation that no job writes to meanwhile.
        """

    async def decode_starts(self, collection_id: int) -> dict[UUID, DecodeStart]:
        """By point id: files whose decoding began and of whose end nothing is known."""

    async def note_decoding(
        self, collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
    ) -> None:
        """One transaction. A file that ended and began has begun; a completed one has ended."""
