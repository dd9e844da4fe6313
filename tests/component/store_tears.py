"""What a power loss leaves of a file: short, zeroed or gone."""

from __future__ import annotations

import os
from collections.abc import Callable

Damage = Callable[[str], None]


def halved(path: str) -> None:
    os.truncate(path, os.path.getsize(path) // 2)


def emptied(path: str) -> None:
    os.truncate(path, 0)


def tail_cut(path: str) -> None:
    os.truncate(path, os.path.getsize(path) - 1)


def zeroed(path: str) -> None:
    _zero(path, 0, os.path.getsize(path))


def tail_zeroed(path: str) -> None:
    size = os.path.getsize(path)
    _zero(path, max(0, size - 4096), min(4096, size))


def start_zeroed(path: str) -> None:
    _zero(path, 0, min(4096, os.path.getsize(path)))


def _zero(path: str, start: int, length: int) -> None:
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(bytes(length))


DAMAGES = [halved, emptied, tail_cut, zeroed, tail_zeroed, start_zeroed, os.unlink]
