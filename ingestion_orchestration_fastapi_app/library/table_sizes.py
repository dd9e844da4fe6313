"""How large the collections' tables are, looked up when metrics are asked for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from anyio import Lock, move_on_after

from ingestion_orchestration_fastapi_app.domain.library.collection import IndexState, TableSize
from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashSize
from ingestion_orchestration_fastapi_app.ports.ledger.collections import CollectionRepository
from ingestion_orchestration_fastapi_app.ports.ledger.trash.trash import TrashRepository
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

MAX_AGE_S = 10.0
LIMIT_S = 2.0  # of one look: who asks for metrics has a time limit, too


class TableSizes:
    """What cannot be read, or not in time, is left as it was last known."""

    def __init__(
        self,
        collections: CollectionRepository,
        store: VectorStore,
        trash: TrashRepository,
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._limit_s = limit_s
        self._collections = collections
        self._store = store
        self._trash = trash
        self._trashed: dict[str, TrashSize] = {}
        self._sizes: dict[str, TableSize] = {}
        self._looked_s = -MAX_AGE_S
        self._lock = Lock()

    async def refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._looked_s < MAX_AGE_S:
                return
            with move_on_after(self._limit_s):
                await self._look()
            self._looked_s = time.monotonic()

    async def _look(self) -> None:
        try:
            records = await self._collections.list_all()
            self._trashed = {one.name: await self._trash.size(one.id) for one in records}
        except Problem:
            return
        tables = {one.name: one.active.table for one in records if one.active is not None}
        self._sizes = {name: size for name, size in self._sizes.items() if name in tables}
        for name, table in tables.items():
            try:
                if await self._store.exists(table):
                    self._sizes[name] = await self._store.size(table)
            except Problem:  # its own calls say what is wrong with it
                self._sizes.pop(name, None)

    def points(self) -> Mapping[str, float]:
        return {name: size.points for name, size in self._sizes.items()}

    def unindexed_points(self) -> Mapping[str, float]:
        return {name: size.unindexed_points for name, size in self._sizes.items()}

    def trashed_points(self) -> Mapping[str, float]:
        return {name: size.points for name, size in self._trashed.items()}

    def trashed_bytes(self) -> Mapping[str, float]:
        return {name: size.size_bytes for name, size in self._trashed.items()}

    def indexes(self) -> Mapping[str, float]:
        states = Counter(size.index for size in self._sizes.values())
        return {state.value: states[state] for state in IndexState}
