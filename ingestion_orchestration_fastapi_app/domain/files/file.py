"""Files and the roots they lie in: as a scan meets them, and as the ledger remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact


class Outcome(StrEnum):
    """What became of a file in a job; the keys of `JobCounts` beside `found`."""

    PENDING = "pending"
    UNCHANGED = "unchanged"
    CACHED = "cached"
    EMBEDDED = "embedded"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that a collection draws from. `path` is absolute, without a trailing slash."""

    id: UUID
    path: bytes


@dataclass(frozen=True, slots=True)
class FileStat:
    """`sidecar_mark` changes when a sidecar of the file comes, goes or changes, and when a
    companion comes or goes; 0: it has neither."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    sidecar_mark: int = 0


@dataclass(frozen=True, slots=True)
class FileKey:
    """Names a file within a collection. `path` is relative to the root and need not be UTF-8."""

    root_id: UUID
    path: bytes

    def __hash__(self) -> int:
        return hash(self.path)  # a UUID's own hash takes longer than all else that is done here


@dataclass(frozen=True, slots=True)
class File:
    """A regular file as the scan met it.

    `sidecars` are names in the file's own folder, the one that counts most first. `companions`
    are those of other files of the same shot there.
    """

    root: Root
    path: bytes  # relative to the root
    stat: FileStat
    sidecars: tuple[bytes, ...] = ()
    companions: tuple[bytes, ...] = ()

    @property
    def key(self) -> FileKey:
        return FileKey(self.root.id, self.path)

    @property
    def absolute(self) -> bytes:
        return self.root.path.rstrip(b"/") + b"/" + self.path


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the ledger remembers of a file.

    `row` is its number in the ledger. `outcome` is what the job that asks has made of it so far;
    None: nothing yet, or no job asks.
    `stat`, `mtime_trusted` and `sha256` are of the file as it was last judged (None: never, or
    not read then). `mtime_trusted` is false for a file that had changed within the 2 s before it
    was read: its times may not tell a later change.
    """

    row: int
    outcome: Outcome | None
    stat: FileStat | None
    mtime_trusted: bool
    sha256: bytes | None
    artefacts: tuple[Artefact, ...] = ()
