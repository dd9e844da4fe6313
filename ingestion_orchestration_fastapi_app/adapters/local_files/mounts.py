"""Which file system a folder is on, and which part of it is mounted there.

`st_dev` alone does not tell a bind mount from the folder that it covers, nor one disk from another
in the same slot. Mount ids do not outlive a restart, so a mount is known by what it shows: the
device and its identity, the folder of it that is mounted, and that folder itself.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import FOLDER, open_path
from ingestion_orchestration_fastapi_app.domain.files.identity import folders_above

_MOUNTS = "/proc/self/mountinfo"  # Linux; elsewhere there are no bind mounts to be told apart
_TABLE_GOOD_FOR_S = 1.0
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Mounts:
    """As they were when this was made. Blocking; for one thread at a time."""

    def __init__(self) -> None:
        self._shown = _mount_points()
        self._numbers: dict[tuple[bytes, int], int] = {}

    def parted(self, folders: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Those where something is mounted, and the others. Asks no file system."""
        points: list[bytes] = []
        others: list[bytes] = []
        for folder in folders:
            (points if folder in self._shown else others).append(folder)
        return points, others

    def point(self, folder: bytes, above: bytes | None) -> bytes:
        """The mount point that a folder is at or below; `above` is that of the folder above it."""
        if above is not None:
            return folder if folder in self._shown else above
        while folder.rstrip(b"/") and folder not in self._shown:
            folder = folder.rstrip(b"/").rpartition(b"/")[0]
        return folder or b"/"

    def number(self, point: bytes, listing: int, status: os.stat_result) -> int:
        """64 bits, signed: the same for all folders of one file system as it is mounted there.

        `listing` and `status` are of a folder below the point.
        """
        known = self._numbers.get((point, status.st_dev))
        if known is None:
            shown = (self._shown.get(point, b""), _inode(point), os.fstatvfs(listing).f_fsid)
            digest = hashlib.blake2b(repr((status.st_dev, *shown)).encode(), digest_size=8)
            known = int.from_bytes(digest.digest(), signed=True)
            self._numbers[point, status.st_dev] = known
        return known


class MountPoints:
    """Where file systems are mounted, looked up at most once a second. Asks none of them: one
    that does not answer is not waited for.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._points: frozenset[bytes] = frozenset()
        self._good_until_s = -math.inf

    def above(self, path: bytes) -> bytes:
        """The mount point that an absolute path without links is at or below."""
        if self._clock() >= self._good_until_s:
            self._points = frozenset(mount.point for mount in mount_table())
            self._good_until_s = self._clock() + _TABLE_GOOD_FOR_S
        return next((one for one in (path, *folders_above(path)) if one in self._points), b"/")


def mount_number(folder: bytes) -> int | None:
    """Of what is mounted where the folder is; None where there is none. Blocking."""
    try:
        listing = open_path(folder, FOLDER)
    except OSError:
        return None
    try:
        mounts = Mounts()
        return mounts.number(mounts.point(folder, None), listing, os.fstat(listing))
    except OSError:
        return None
    finally:
        os.close(listing)


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of the table. `device` is `major:minor`, `folder` the one of it that is mounted."""

    device: bytes
    folder: bytes
    point: bytes
    kind: bytes
    source: bytes


def mount_table() -> Iterator[Mount]:
    """In the order of mounting: of two at one point the last counts. Blocking."""
    try:
        with open(_MOUNTS, "rb") as table:
            lines = table.read().splitlines()
    except OSError:
        return
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields, kind = before.split(b" "), after.split(b" ")
        if len(fields) >= 5 and len(kind) >= 2:
            yield Mount(fields[2], _plain(fields[3]), _plain(fields[4]), kind[0], kind[1])


def _mount_points() -> dict[bytes, bytes]:
    """What is shown at each: the mounted folder, the kind of file system, and its source.

    Not the name of a disk's device: it is another one in another slot.
    """
    shown: dict[bytes, bytes] = {}
    for mount in mount_table():
        source = b"" if mount.source.startswith(b"/dev/") else mount.source
        shown[mount.point] = b"\0".join((mount.folder, mount.kind, source))
    return shown


def _plain(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), text)


def _inode(point: bytes) -> int:
    try:
        return os.stat(point, follow_symlinks=False).st_ino
    except OSError:
        return 0
