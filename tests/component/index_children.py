"""The processes that build indexes, as a test sees them: found, stopped, killed at a moment."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import psutil

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from tests.component.store_fixtures import COLLECTION

PATIENCE_S = 60.0
LOOK_S = 0.002
SCRIPT = "build_child.py"


def child_of(pid: int) -> Any | None:
    with suppress(psutil.Error):
        for one in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                if SCRIPT in " ".join(one.cmdline()):
                    return one
    return None


async def until(is_so: Callable[[], object]) -> None:
    with anyio.fail_after(PATIENCE_S):
        while not is_so():
            await anyio.sleep(LOOK_S)


async def child_begun(pid: int) -> Any:
    await until(lambda: child_of(pid))
    child = child_of(pid)
    assert child is not None
    return child


def is_gone(child: Any) -> bool:
    try:
        return bool(child.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def indexes(folder: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return os.listdir(folder / f"{COLLECTION}.lance" / "_indices")
    return []


def manifests(folder: Path) -> int:
    return len(list((folder / f"{COLLECTION}.lance" / "_versions").glob("*.manifest")))


def moment(name: str, folder: Path) -> Callable[[], object]:
    """When it has come: the process is there, writes an index, or has just committed one."""
    before = manifests(folder)
    return {
        "start": lambda: True,
        "middle": lambda: indexes(folder),
        "commit": lambda: manifests(folder) > before,
    }[name]


@asynccontextmanager
async def held_build(
    store: LanceStore, *, since: Callable[[], object] = lambda: True
) -> AsyncIterator[Any]:
    """Upkeep runs beside the block, and its child stands still."""
    async with anyio.create_task_group() as tg:
        tg.start_soon(store.upkeep, COLLECTION)
        child = await child_begun(os.getpid())
        await until(lambda: since() or is_gone(child))
        child.send_signal(signal.SIGSTOP)
        try:
            yield child
        finally:
            with suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGCONT)
