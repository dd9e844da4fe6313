"""The trash: points that were removed, and what of them comes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    Removal,
    RestoredGroup,
    Trashed,
    TrashSize,
    Which,
)


class TrashRepository(Protocol):
    """A point is there once, of its last removal. It is *whole* from the transaction that ends the
    removal (`FileRepository.delete_files`, `ForgottenRepository.forget_points`): until then nobody
    is given it.
    """

    async def put(
        self,
        collection_id: int,
        removals: Sequence[Removal],
        *,
        job_id: str | None,
        limit_bytes: int,
    ) -> None:
        """Before they are removed: with what the ledger knows of their files now. One transaction.

        Safe to repeat: of a removal that was cut off what was read before stays, and what is read
        now is added. Where all would be more than `limit_bytes`, what was removed first goes.
        Without `job_id` somebody forgets them. Raises CollectionNotFound.
        """

    async def page(
        self, collection_id: int, which: Which, *, after: int, limit: int
    ) -> list[Trashed]:
        """By number, those above `after`."""

    async def begin_restore(
        self,
        collection_id: int,
        files: Sequence[tuple[FileKey, UUID]],
        points: Mapping[int, Collection[UUID]],
    ) -> None:
        """Before points are written to the tables of generations, where they may be or not from
        now on. Each has a file, so that what is cut off here is removed by the next `sync` that
        does not meet it.
        """

    async def restore(self, collection_id: int, group: RestoredGroup) -> None:
        """One transaction, after they were written: the files, what was made of them, their rows
        in the catalogue; the intents are over, and they are in the trash no more. With the account
        of the job that does it.
        """

    async def count_of_job(self, job_id: str, *, after: int = 0) -> int:
        """How many points that the job has removed are there, of those above that number."""

    async def size(self, collection_id: int) -> TrashSize: ...
    async def trim(self, *, before: datetime, limit_bytes: int, at_most: int) -> int:
        """What collections had that were deleted since goes, those removed before that moment, and
        the oldest of what is more than the limit; at most so many. Returns how many.
        """

    async def empty(self, collection_id: int, *, at_most: int) -> int:
        """At most so many go, and what is left of them on the disk is overwritten. Returns how
        many.
        """
