"""Captions: which files have one, and of whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.captions.records import (
    LackingImage,
    MadeCaption,
    WantedCaptions,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress


class CaptionRepository(Protocol):
    async def captioners(self, collection_id: int, point_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The model of each point's caption; without those that have none."""

    async def captioned(self, collection_id: int, *, has: bool, limit: int) -> list[UUID]:
        """Points whose files have a caption, or have none; at most so many, in no order."""

    async def lacking(
        self, collection_id: int, wanted: WantedCaptions, *, after: int, limit: int
    ) -> list[LackingImage]:
        """By the rows of files, those after `after`."""

    async def count_lacking(self, collection_id: int, wanted: WantedCaptions) -> int: ...

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        made: Sequence[MadeCaption],
        *,
        reader_version: str,
        checkpoint: Checkpoint,
        progress: SavedProgress,
    ) -> None:
        """One transaction: what became of these, and the job's account of it.

        Raises JobNotFound, JobStateProblem.
        """

    async def described(
        self, collection_id: int, point_ids: Sequence[UUID]
    ) -> dict[UUID, CaptionOrigin]:
        """Of each point's caption; without those that have none."""

    async def name_captioner(self, fingerprint: str, model: str) -> None:
        """What it is called. Idempotent; the last word counts."""

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        """Of captions that are nowhere any more: who wants some asks for them again. Idempotent."""
