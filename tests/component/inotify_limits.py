"""Makes inotify refuse, as it does on a machine that watches too much already."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from watchdog.observers import inotify_c


def refuse(monkeypatch: pytest.MonkeyPatch, code: int, *, after: int) -> None:
    """As the kernel does at its limit; so many folders may be watched before."""
    real = inotify_c.inotify_add_watch
    left = [after]

    def add(descriptor: int, path: bytes, mask: int) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            return real(descriptor, path, mask)
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)
