"""Makes inotify refuse, as it does on a machine that watches too much already."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from asyncinotify import _ffi


def refuse(monkeypatch: pytest.MonkeyPatch, code: int, *, after: int) -> None:
    """As the kernel does at its limit; so many folders may be watched before."""
    real = _ffi.libc.inotify_add_watch
    left = [after]

    def add(descriptor: int, path: bytes, mask: int) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            return real(descriptor, path, mask)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(_ffi.libc, "inotify_add_watch", add)


def refuse_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(flags: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(_ffi.libc, "inotify_init1", none_left)
