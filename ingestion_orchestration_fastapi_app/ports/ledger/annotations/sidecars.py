"""Sidecars that were written: whose they are, and that they make no file a changed one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import (
    SidecarRecord,
    SidecarsWritten,
)


class SidecarRepository(Protocol):
    """By the photograph that a sidecar is of. They go with their collection."""

    async def find(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, SidecarRecord]: ...

    async def begin(self, collection_id: int, records: Sequence[SidecarRecord]) -> None:
        """Before anything is written: `pending` of each, beside what was written before.

        Raises CollectionNotFound.
        """

    async def end(self, collection_id: int, written: SidecarsWritten) -> None:
        """One transaction: what was pending is written, or given up; and files whose sidecars are
        known are marked so, where their mark is still the one of before.
        """
