"""Bytes that are read where they are asked for: of a buffer, or of a file that is open."""

from __future__ import annotations

import os
from typing import Protocol


class ByteSource(Protocol):
    """As much of `bytes` as the readers of metadata need. A slice may be shorter than asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...


class FileBytes:
    """A file of tens of megabytes of which a few kilobytes matter. Slices block, step 1 only.

    The descriptor stays the caller's, and its position does not move. A file that shrinks
    meanwhile gives shorter slices. Reading raises OSError.
    """

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor = descriptor
        self._size_bytes = size_bytes

    def __len__(self) -> int:
        return self._size_bytes

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self._size_bytes)
        return os.pread(self._descriptor, max(stop - start, 0), start)
