"""Which files a dry run opens, where the import would open more than can be read for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_BITS = 32  # of an id that say whether its file is taken: the first ones of a UUIDv5 are a hash's


class Fate(StrEnum):
    """What the import would make of a file that it opens. `image`: whether it is embedded or known
    by its content is told by its content.
    """

    IMAGE = "image"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Opened:
    """`reason` is why a file is skipped, or the code with which it fails; `key` names the content
    of an image, and `sha256` its bytes. `is_cached`: nothing is to be inferred for it.
    """

    fate: Fate
    size_bytes: int
    reason: str = ""
    key: bytes = b""
    sha256: bytes = b""
    is_cached: bool = False


class Sample:
    """At most so many files and bytes, of any number: all of them while they are few.

    Of more, those are taken whose ids begin with enough zeros, whatever the order in which they
    come: half as many each time that there were too many. So the taken are like the others.
    """

    def __init__(self, *, max_files: int, max_bytes: int) -> None:
        self._max_files, self._max_bytes = max_files, max_bytes
        self._zeros = 0
        self._taken: dict[UUID, int] = {}
        self._bytes = 0
        self._opened: dict[UUID, Opened] = {}

    @property
    def is_whole(self) -> bool:
        return not self._zeros

    @property
    def opened(self) -> Mapping[UUID, Opened]:
        return self._opened

    def take(self, point_id: UUID, size_bytes: int) -> bool:
        """Whether the file is to be opened; it may be given up again."""
        if not self.holds(point_id):
            return False
        self._bytes += size_bytes - self._taken.get(point_id, 0)
        self._taken[point_id] = size_bytes
        while self._zeros < _BITS and (
            len(self._taken) > self._max_files or self._bytes > self._max_bytes
        ):
            self._zeros += 1
            for given_up in [one for one in self._taken if not self.holds(one)]:
                self._bytes -= self._taken.pop(given_up)
                self._opened.pop(given_up, None)
        return point_id in self._taken

    def holds(self, point_id: UUID) -> bool:
        """Whether a file that was taken still is."""
        return not point_id.int >> (128 - self._zeros) if self._zeros else True

    def put(self, point_id: UUID, opened: Opened) -> None:
        """What came of a file that was taken."""
        if self.holds(point_id):
            self._opened[point_id] = opened
