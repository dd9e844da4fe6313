"""Folders: what is known of the files below one, and which file system it was on."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile


class FolderRepository(Protocol):
    async def not_seen_in_scan(
        self,
        collection_id: int,
        directory: bytes,
        *,
        seen: Container[int] = (),
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnseenFile]:
        """Files in the directory whose rows are not among the seen, by key, those after `after`.

        Without `recursive` only those right in the directory.
        """

    async def totals(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        """How many files are known in the directory, and how many of them have a point."""

    async def known_at(self, collection_id: int, paths: Sequence[bytes]) -> list[bytes]:
        """Those absolute paths that are known as a file with a point, or have one below."""

    async def is_unchanged_below(
        self, collection_id: int, folder: bytes, *, unchanged: Container[int]
    ) -> bool:
        """Whether one of the rows is of a file in the folder that was known before another device
        was met there.
        """

    async def devices(self, collection_id: int) -> dict[bytes, int]:
        """By folder, as noted."""

    async def note_devices(
        self, collection_id: int, found: Mapping[bytes, int], *, replace: bool
    ) -> None:
        """What is known stays, unless it is replaced."""
