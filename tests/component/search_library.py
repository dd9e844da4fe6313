"""A library for searches: the same rows below the index threshold and above it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import main_index
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from tests.component.orchestrator_app import COLOURS, Running, library, orchestrator
from tests.component.store_fixtures import point
from tests.fakes import DIM

INDEXED_FROM = {"flat": 50_000, "indexed": 256}
ROWS = 1500
_TAIL_ROWS = 100  # written after the index was built
_COPIES = 40  # of one vector: equal scores that reach over pages


@dataclass
class Searched:
    """`rows` is every point with its vector."""

    running: Running
    rows: list[Point] = field(default_factory=list, repr=False)

    def exact(self, vector: Vector, filters: Filters = NO_FILTERS) -> list[tuple[float, str]]:
        """Score and id of all that match, best first, ties by id: numpy alone."""
        rows = [row for row in self.rows if filters.matches(row)]
        if not rows:
            return []
        vectors = np.stack([row.vector for row in rows]).astype(np.float64)
        query = vector.astype(np.float64)
        scores = vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
        found = [(float(score), str(row.id)) for score, row in zip(scores, rows, strict=True)]
        return sorted(found, key=lambda one: (-one[0], one[1]))

    def vector_of_text(self, text: str) -> Vector:
        return np.asarray(COLOURS.get(text, [1, 1, 1]) + [0] * (DIM - 3), dtype=np.float32)


@asynccontextmanager
async def searched(
    folder: Path, size: str, *, rows: int = ROWS, **more: Any
) -> AsyncIterator[Searched]:
    """Thirteen pictures that were imported, and `rows` made ones that no colour is near to.

    `more` as for `orchestrator`.
    """
    library(folder)
    async with orchestrator(folder, index_threshold_rows=INDEXED_FROM[size], **more) as running:
        job = await running.ingested()
        assert job["state"] == "completed"
        store = running.app.state.services.ports.store
        made = made_points(rows)
        for group in (made[:-_TAIL_ROWS], made[-_TAIL_ROWS:]):
            await store.write("default", group, may_exist=())
            if group is not made[-_TAIL_ROWS:]:
                await store.upkeep("default")
        index = await main_index(handle_of(running))
        assert (index is not None) == (size == "indexed")
        everything = [one async for ids in store.ids("default") for one in ids]
        yield Searched(running, await store.get("default", everything, vectors=True))


def handle_of(running: Running) -> Any:
    """The open Lance table."""
    return running.app.state.services.ports.store.database.entries["default"].table.handle


def made_points(rows: int) -> list[Point]:
    random = np.random.default_rng(7)
    vectors = random.standard_normal((rows, DIM))
    vectors[:, :3] = -np.abs(vectors[:, :3]) / 10
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:_COPIES] = vectors[0]
    single = vectors.astype(np.float32)
    return [
        replace(point(number, vector=single[number]), fingerprint="fake-model-0001")
        for number in range(rows)
    ]
