"""The photographs' file system."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Skipped,
)
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from utils.problems import Rejected

ScanGroup: TypeAlias = list[File] | Mounted | Linked | ScanFault | ScanStalled


@dataclass(frozen=True, slots=True)
class NotAnswering(Rejected):
    """ERR_FILE_READ, where the file system of a file does not answer: nothing is said of the file.

    `is_inner`: it is mounted in the file's root, the rest of which may be well.
    """

    is_inner: bool


class OpenFile(Protocol):
    """A file whose header was read and whose rest waits for its memory to be reserved."""

    def need_bytes(self, *, min_side_px: int) -> int:
        """Of memory, until it is sent, where it is decoded at `min_side_px` or more."""

    async def read(self) -> Content | Rejected: ...
    async def close(self) -> None: ...


class Library(Protocol):
    """The photographs' file system."""

    def scan(
        self,
        directory: bytes,
        *,
        recursive: bool,
        roots: Sequence[Root],
        names: frozenset[bytes] | None = None,
        excluded: Collection[bytes] = (),
    ) -> AsyncIterator[ScanGroup]:
        """Regular files below the directory, in groups, each under the deepest root it is in.

        Each file system comes before its files. Links are told of and not followed. Where the
        scan stalls, going on tries the folder again. A mount in the directory that does not answer
        is passed over, as a folder that cannot be listed. Where there are `names`, no other files
        and folders in the directory are looked at. `excluded` folders below it are not gone into.
        """

    def passes_over(self, path: bytes, *, below: bytes, is_folder: bool) -> bool:
        """Whether a scan of the folder `below` does not come to a path in it, by what is excluded.

        Asks no file system.
        """

    async def gone(
        self, paths: Sequence[bytes], *, below: bytes, are_folders: bool = False
    ) -> list[bool]:
        """Of each path: no file (or no folder, of folders) is there now, though a scan of `below`
        would not pass it over. In a folder that Photoseek writes to nothing is. What does not
        answer is not gone.
        """

    async def known_as(self, directory: bytes, roots: Sequence[Root]) -> bytes:
        """The path under which the roots hold the folder, where it is mounted at another, too."""

    async def is_bare(self, folder: bytes) -> bool:
        """Nothing is in it that a scan would look at; also where it is missing, unlistable or does
        not answer.
        """

    async def is_allowed(self, directory: bytes) -> bool:
        """Whether it lies in a folder that may be imported, now, and leads there.

        Raises:
            ServiceOverloaded: its file system does not answer.
        """

    async def read_fault(self, file: File) -> Rejected | None:
        """ERR_FILE_READ where the file system fails to read the file now; None where it is read."""

    async def open(self, file: File) -> OpenFile | Rejected | Skipped: ...
