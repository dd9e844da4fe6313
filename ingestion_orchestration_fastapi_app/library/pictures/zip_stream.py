"""Writes a ZIP that is sent while it is made: stored, not compressed, of any size."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import IO

_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # of a ZIP's times
_UNIX = 3
_FILE_MODE = 0o100644


class ZipStream:
    """One entry after the other. `taken` gives what was written since it was asked last.

    Sizes and checksums follow each entry (as nothing is known before it is read) and stand in the
    directory at the end. Blocking only by its checksums: a few milliseconds a megabyte at most.
    """

    def __init__(self) -> None:
        self._sink = _Sink()
        # It sees that the sink cannot be sought in, and writes what may be streamed.
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._entry: IO[bytes] | None = None

    def begin(self, name: str, *, size_bytes: int, mtime_ns: int) -> None:
        """`size_bytes` says only whether the entry needs the fields of large files."""
        about = zipfile.ZipInfo(name, _date(mtime_ns))
        about.create_system = _UNIX
        about.external_attr = _FILE_MODE << 16
        about.file_size = size_bytes
        self._entry = self._zip.open(about, "w")

    def write(self, data: bytes) -> None:
        assert self._entry is not None, "no entry was begun"
        self._entry.write(data)

    def end(self) -> None:
        """Of the entry that is open, if one is."""
        if self._entry is not None:
            self._entry.close()
            self._entry = None

    def finish(self) -> None:
        """Writes the directory. Nothing may follow.

        Done also with an archive that nobody wants: of one that is left `zipfile` complains.
        """
        self.end()
        self._zip.close()

    def taken(self) -> bytes:
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """Gathers what is written until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._chunks.append(chunk)
        return len(chunk)

    def taken(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _date(mtime_ns: int) -> tuple[int, int, int, int, int, int]:
    """UTC, since a ZIP's times have no offset; what lies outside of its years is at their edge."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return (_FIRST_YEAR, 1, 1, 0, 0, 0)
    if moment.year < _FIRST_YEAR:
        return (_FIRST_YEAR, 1, 1, 0, 0, 0)
    if moment.year > _LAST_YEAR:
        return (_LAST_YEAR, 12, 31, 23, 59, 58)
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
