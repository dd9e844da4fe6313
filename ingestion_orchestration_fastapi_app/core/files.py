"""The words of the pipeline: roots, files, points, and what becomes of a file in a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

import numpy as np
import numpy.typing as npt

from utils.contract import ErrorCode
from utils.photo_metadata import Metadata as Metadata

Vector = npt.NDArray[np.float32]  # shape (dim,), unit norm


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
    """`sidecar_mark` changes when a sidecar of the file comes, goes or changes; 0: it has none."""

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

    `sidecars` are names in the file's own folder, the one that counts most first.
    """

    root: Root
    path: bytes  # relative to the root
    stat: FileStat
    sidecars: tuple[bytes, ...] = ()

    @property
    def key(self) -> FileKey:
        return FileKey(self.root.id, self.path)

    @property
    def absolute(self) -> bytes:
        return self.root.path.rstrip(b"/") + b"/" + self.path


class Verdict(StrEnum):
    """What was last found out about a file's content, as opposed to a job's outcome."""

    STORED = "stored"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the ledger remembers of a file.

    `stat`, `settled` and `verdict` belong together: the file as it was last judged (None: never).
    `settled` is false for a file that had changed within the 2 s before it was read: its times
    may not tell a later change. `sha256` is of the content last judged. `stored_fingerprint`
    names the model under which a point exists (None: no point); `stale`: that point is of an
    older content than the last judged one.
    """

    job_id: str
    outcome: Outcome
    stat: FileStat | None
    settled: bool
    verdict: Verdict | None
    code: ErrorCode | None
    detail: str | None
    sha256: bytes | None
    stored_fingerprint: str | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What one decode gives besides the model's pixels: stored by content, shared by copies.

    `thumbnail` is WebP. `phash` is a 64-bit perceptual hash. `rung` says how the pixels were
    had: `image`, `preview` (embedded in a RAW) or `developed`. Sizes are as displayed.
    """

    format: str
    width_px: int
    height_px: int
    phash: int
    partial: bool
    rung: str
    thumbnail: bytes


def unseen_hash(sha256: bytes) -> int:
    """The `phash` of a picture that nobody has seen yet: like that of copies only."""
    return int.from_bytes(sha256[:8])


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the inference service saw of a file that it developed: the same as in `Picture`."""

    thumbnail: bytes
    phash: int

    def of(self, picture: Picture) -> Picture:
        """The picture as it is known now."""
        return replace(picture, thumbnail=self.thumbnail, phash=self.phash)


@dataclass(frozen=True, slots=True)
class Point:
    """One row of the vector store: one file's vector and payload."""

    id: UUID
    vector: Vector
    root_id: UUID
    path: bytes  # absolute
    display_path: str
    filename: str
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    format: str
    width_px: int
    height_px: int
    phash: int  # 64 bits, unsigned
    partial: bool
    rung: str
    metadata: Metadata
    caption: str | None
    fingerprint: str
    job_id: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by a search. `score` is the cosine, -1 to 1; `point.vector` may be empty."""

    point: Point
    score: float
