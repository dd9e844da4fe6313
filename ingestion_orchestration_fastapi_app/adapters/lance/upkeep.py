"""When a table needs upkeep, and the upkeep but for the index: compaction, removal of old versions.

Lance's `optimize` always does all three, in that order: it compacts, prunes by age, and adds
unindexed rows to the indexes as a new segment. Only what is decided here keeps it cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID

_NEVER = timedelta(days=36_500)
_LARGEST_TAIL_ROWS = 100_000  # searched flat: about 50 ms at 512 dimensions
_MARGIN_S = 60.0
_MANY_SEGMENTS = 16
_MOST_SEGMENTS = 64


class Work(StrEnum):
    NOTHING = "nothing"
    COMPACT = "compact"  # and add what is unindexed to the index, if there is one
    INDEX = "index"  # compact, then have the index built from all rows


@dataclass(frozen=True, slots=True)
class Limits:
    index_threshold_rows: int
    compact_every_fragments: int


@dataclass(frozen=True, slots=True)
class TableState:
    """`settled_fragments` were left by the last upkeep; `built_rows`: at the last full build;
    `index`: Lance's description of the main one.
    """

    rows: int
    fragments: int
    settled_fragments: int
    indexed: bool
    unindexed_rows: int
    segments: int
    built_rows: int
    index: Any | None = None


def work_due(state: TableState, limits: Limits, *, indexing: bool = True) -> Work:
    """Without `indexing`: what else is due."""
    if indexing and _index_due(state, limits):
        return Work.INDEX
    if state.indexed and state.unindexed_rows >= _tail_rows(state, limits):
        return Work.NOTHING if is_mostly_unindexed(state, limits) else Work.COMPACT
    if state.fragments - state.settled_fragments >= limits.compact_every_fragments:
        return Work.COMPACT
    return Work.NOTHING


def _index_due(state: TableState, limits: Limits) -> bool:
    """A full build happens each time the rows have grown by half, so its cost stays linear."""
    if is_mostly_unindexed(state, limits):
        return True
    if not state.indexed:
        return state.rows >= limits.index_threshold_rows
    grown = state.rows >= state.built_rows * 1.5
    return state.segments > _MOST_SEGMENTS or (state.segments > _MANY_SEGMENTS and grown)


def is_mostly_unindexed(state: TableState, limits: Limits) -> bool:
    """A large table whose index lacks half of its rows: to compact it would add them here."""
    is_large = state.rows >= limits.index_threshold_rows
    return state.indexed and is_large and state.unindexed_rows * 2 > state.rows


def _tail_rows(state: TableState, limits: Limits) -> int:
    """How many unindexed rows a search may scan flat."""
    wanted = max(limits.index_threshold_rows // 2, state.rows // 16)
    return min(max(1, wanted), _LARGEST_TAIL_ROWS)


async def state_of(handle: Any, *, settled_fragments: int, built_rows: int) -> TableState:
    stats = await handle.stats()
    index = await main_index(handle)
    return TableState(
        rows=stats["num_rows"],
        fragments=stats["fragment_stats"]["num_fragments"],
        settled_fragments=settled_fragments,
        indexed=index is not None,
        unindexed_rows=(index.num_unindexed_rows or 0) if index else 0,
        segments=(index.num_segments or 1) if index else 0,
        built_rows=built_rows,
        index=index,
    )


async def main_index(handle: Any) -> Any | None:
    """The one that searches use, not that of ids."""
    for index in await handle.list_indices():
        if index.columns != [ID]:
            return index
    return None


async def compact(handle: Any) -> None:
    await handle.optimize(cleanup_older_than=_NEVER)


async def prune(handle: Any, *, keep_s: float, keep_version: int | None, is_alone: bool) -> None:
    """Removes versions older than `keep_s`, but neither `keep_version` nor any after it.

    The table's newest version must be on the disk. `is_alone`: nobody else can be writing, so that
    what no version names is what a build left that was killed.
    """
    older_s = keep_s
    for version in await handle.list_versions():
        if version["version"] == keep_version:
            # Naive local time. In the hour that a clock is set back this errs to the older side.
            age = datetime.now(UTC) - version["timestamp"].astimezone(UTC)
            # Lance counts from a little later, when it comes to it.
            older_s = max(older_s, age.total_seconds() + min(keep_s, _MARGIN_S))
    older = timedelta(seconds=max(older_s, 0.001))
    await handle.optimize(cleanup_older_than=older, delete_unverified=is_alone)
