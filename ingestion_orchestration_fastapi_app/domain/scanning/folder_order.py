"""In which order a scan goes through the folders of a folder: the newest first."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DAY_NS = 24 * 3600 * 10**9
_NUMBERS = re.compile(rb"(\d+)")


def newest_first(folders: Iterable[tuple[bytes, int]]) -> list[bytes]:
    """Of (path, mtime in ns): by the day of the last change, then by the numbers in the names.

    A folder changes when something comes into it. A library that was copied has one day all over:
    then `2024` comes before `2023`, and `2024-10` before `2024-9`.
    """
    return [path for path, _ in sorted(folders, key=_age, reverse=True)]


def _age(folder: tuple[bytes, int]) -> tuple[int, list[bytes | int], bytes]:
    path, mtime_ns = folder
    name = path.rpartition(b"/")[2]
    parts = _NUMBERS.split(name)
    named = [int(part) if at % 2 else part for at, part in enumerate(parts)]
    return mtime_ns // _DAY_NS, named, path
