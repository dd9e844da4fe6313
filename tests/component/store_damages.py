"""What may befall a file of the vector store, and a table to damage."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from tests.component.store_fixtures import (
    COLLECTION,
    files_of,
    ids,
    local_store,
    point,
    points,
    row_ids,
    unit,
)
from tests.component.store_tears import emptied, halved, start_zeroed, tail_zeroed, zeroed

DIM = 64


def zeros_inside(path: str) -> None:
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        file.seek(size // 3)
        file.write(bytes(size // 2 - size // 3))


def flipped(path: str) -> None:
    """Two hundred bits, some of which hit what has a form."""
    random = np.random.default_rng(3)
    content = bytearray(Path(path).read_bytes())
    for place in random.integers(0, len(content), 200):
        content[place] ^= 1 << int(random.integers(0, 8))
    Path(path).write_bytes(content)


def ones_at_the_end(path: str) -> None:
    with open(path, "r+b") as file:
        file.seek(max(0, os.path.getsize(path) - 512))
        file.write(b"\xff" * 512)


def a_folder_instead(path: str) -> None:
    os.unlink(path)
    os.mkdir(path)


def a_link_to_itself(path: str) -> None:
    os.unlink(path)
    os.symlink(path, path)


def a_link_to_nothing(path: str) -> None:
    os.unlink(path)
    os.symlink(f"{path}.gone", path)


DAMAGES: list[Callable[[str], None]] = [
    zeros_inside,
    flipped,
    ones_at_the_end,
    halved,
    emptied,
    zeroed,
    tail_zeroed,
    start_zeroed,
    os.unlink,
    a_folder_instead,
    a_link_to_itself,
    a_link_to_nothing,
]


async def stored(folder: str) -> int:
    """Three groups, each a file, and a few deletions in the first. Returns the synced version."""
    store = local_store(folder, keep_versions_s=600)
    await store.create(COLLECTION, dim=DIM)
    for start in range(0, 300, 100):
        await store.write(COLLECTION, points(start, start + 100, dim=DIM), may_exist=())
    version = await store.delete(COLLECTION, [point(5).id, point(120).id])
    await store.aclose()
    return version


def data_files(folder: str) -> list[str]:
    return files_of(folder, "data")


async def everything_read(store: LanceStore) -> None:
    """Each way to read. Raises StoreRead, and nothing else, where a file is damaged."""
    await store.search(COLLECTION, unit(1, DIM), limit=20)
    await store.search(COLLECTION, unit(1, DIM), limit=500, offset=10)
    await store.page(COLLECTION, limit=500, offset=0)
    await store.get(COLLECTION, ids(points(0, 300)), vectors=True)
    await store.count(COLLECTION)
    await row_ids(store)


def vectors_zeroed(path: str) -> None:
    """The vectors stand at the end, before the footer, and are not packed."""
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 3)
        file.write(bytes(DIM * 4 * 20))
