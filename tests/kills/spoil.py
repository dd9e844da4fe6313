"""A data folder in which something of everything is wrong that a check looks for and mends."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import anyio

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import LEDGER_NAME
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger

LOST = 3
STRANGER = UUID("00000000-0000-4000-8000-000000000001")


def spoil(data_dir: Path, *, but: str) -> None:
    """Points are lost, one row is unknown, one is there twice, all thumbnails and words are gone.

    No process uses the folder. `but`: of that file the point stays.
    """
    shutil.rmtree(data_dir / "cache")
    shutil.rmtree(data_dir / "store" / "default.words.lance" / "data")
    anyio.run(_spoil, data_dir, but)


async def _spoil(data_dir: Path, but: str) -> None:
    store = LanceStore(str(data_dir / "store"))
    async with open_ledger(data_dir / LEDGER_NAME) as ledger:
        collection = await ledger.collections.find("default")
        assert collection is not None
        active = collection.bound()
        await store.open(active.table, synced_version=active.synced_version, dim=active.dim)
        ids = sorted([one async for group in store.ids("default") for one in group])
        points = await store.get("default", ids, vectors=True)
        *lost, point = [one for one in points if one.filename != but][: LOST + 1]
        await store.delete("default", [one.id for one in lost])
        beside = [replace(point, id=STRANGER), point]
        version = await store.write("default", beside, may_exist=[])
        # As if nothing had happened: what differs at a start is squared then.
        await ledger.generations.set_synced_version(active.id, version)
    await store.aclose()
