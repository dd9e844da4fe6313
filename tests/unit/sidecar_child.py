"""Writes sidecars, and is killed at one call of the system. `test_sidecar_files.py` runs it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from tests.unit.sidecar_steps import NAMES, writing, written


def killed_at(name: str, *, call: int, after: bool) -> None:
    """From here on: the process dies before, or after, the n-th call of a function of `os`."""
    real: Callable[..., Any] = getattr(os, name)
    calls = 0

    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, name, deadly)  # which all modules share


async def main(folder: Path, name: str, call: int, *, after: bool) -> None:
    files = writing()
    killed_at(name, call=call, after=after)
    await written(files, folder, NAMES)


if __name__ == "__main__":
    anyio.run(
        lambda: main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), after=sys.argv[4] == "after")
    )
