"""Files that a scan counts and does not open, by folder, until their numbers are written."""

from __future__ import annotations

import time
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.change_detection import ChangeKind
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.records import FolderCounts

WRITE_EVERY_S = 1.0  # a page of the ledger for each folder would be many more bytes than files


class KnownFiles:
    """A scan meets a folder's files one after the other; `begin` is said before each part of it.

    A folder that is met twice has the same numbers twice: they are not added up.
    """

    def __init__(self) -> None:
        self._whole: list[FolderCounts] = []
        self._folder: tuple[UUID, bytes] | None = None
        self._unchanged = self._skipped = 0
        self._written_s = time.monotonic()

    def begin(self) -> None:
        self._whole += self._counted(is_whole=True)
        self._folder = None
        self._unchanged = self._skipped = 0

    def meet(self, key: FileKey, kind: ChangeKind) -> None:
        folder = (key.root_id, key.path.rpartition(b"/")[0])
        if folder != self._folder:
            self.begin()
            self._folder = folder
        self._unchanged += kind is ChangeKind.UNCHANGED
        self._skipped += kind is ChangeKind.SKIPPED_AGAIN

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._written_s >= WRITE_EVERY_S

    def take(self) -> list[FolderCounts]:
        """What is to be written now."""
        whole, self._whole = self._whole, []
        self._written_s = time.monotonic()
        return whole + self._counted(is_whole=False)

    def _counted(self, *, is_whole: bool) -> list[FolderCounts]:
        if self._folder is None:
            return []
        return [FolderCounts(*self._folder, self._unchanged, self._skipped, is_whole)]
