"""When a table needs upkeep, and the upkeep itself: compaction, index, removal of old versions.

Lance's `optimize` always does all three, in that order: it compacts, prunes by age, and adds
unindexed rows to the indexes as a new segment. Only what is decided here keeps it cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from lancedb.index import BTree, HnswSq

from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID, VECTOR

_NEVER = timedelta(days=36_500)
_LARGEST_TAIL_ROWS = 100_000  # searched flat: about 50 ms at 512 dimensions
_MARGIN_S = 60.0
_MANY_SEGMENTS = 16
_MOST_SEGMENTS = 64
# Partitions bound the memory of a build. Lance joins partitions that are far below their target,
# which means building all of them anew: so the target is told, never a number of partitions.
_LARGEST_PARTITION_ROWS = 131_072
_GRAPH_BYTES_A_ROW = 160
_PARTITIONS_CACHED = 8  # at least: Lance was seen to wait for ever on what its cache cannot hold
_EF_CONSTRUCTION = 150  # Lance's 300 takes twice as long; after refining recall was the same


class Work(StrEnum):
    NOTHING = "nothing"
    COMPACT = "compact"  # and add what is unindexed to the index, if there is one
    INDEX = "index"  # compact, then build the index from all rows


@dataclass(frozen=True, slots=True)
class Limits:
    index_threshold_rows: int
    compact_every_fragments: int
    index_cache_bytes: int


@dataclass(frozen=True, slots=True)
class TableState:
    """`settled_fragments` were left by the last upkeep; `built_rows`: at the last full build."""

    rows: int
    fragments: int
    settled_fragments: int
    indexed: bool
    unindexed_rows: int
    segments: int
    built_rows: int


def work_due(state: TableState, limits: Limits) -> Work:
    """A full build happens each time the rows have grown by half, so its cost stays linear."""
    if not state.indexed:
        if state.rows >= limits.index_threshold_rows:
            return Work.INDEX
    else:
        grown = state.rows >= state.built_rows * 1.5
        if state.segments > _MOST_SEGMENTS or (state.segments > _MANY_SEGMENTS and grown):
            return Work.INDEX
        if state.unindexed_rows >= _tail_rows(state, limits):
            return Work.COMPACT
    if state.fragments - state.settled_fragments >= limits.compact_every_fragments:
        return Work.COMPACT
    return Work.NOTHING


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
    )


async def main_index(handle: Any) -> Any | None:
    """The one that searches use, not that of ids."""
    for index in await handle.list_indices():
        if index.columns != [ID]:
            return index
    return None


async def compact(handle: Any) -> None:
    await handle.optimize(cleanup_older_than=_NEVER)


def partition_rows(dim: int, *, index_cache_bytes: int) -> int:
    """How many rows one partition of the index aims at. A row takes a byte a dimension there."""
    fitting = index_cache_bytes // _PARTITIONS_CACHED // (dim + _GRAPH_BYTES_A_ROW)
    return max(1, min(_LARGEST_PARTITION_ROWS, fitting))


async def build_indexes(handle: Any, *, target_rows: int) -> None:
    """Of the vectors, and of the ids, so that neither merges nor look-ups scan every row."""
    config = HnswSq(
        distance_type="cosine",
        target_partition_size=target_rows,
        ef_construction=_EF_CONSTRUCTION,
    )
    await handle.create_index(VECTOR, config=config, replace=True)
    await handle.create_index(ID, config=BTree(), replace=True)


async def prune(handle: Any, *, keep_s: float, keep_version: int | None) -> None:
    """Removes versions older than `keep_s`, but neither `keep_version` nor any after it.

    The table's newest version must be on the disk.
    """
    older_s = keep_s
    for version in await handle.list_versions():
        if version["version"] == keep_version:
            # Naive local time. In the hour that a clock is set back this errs to the older side.
            age = datetime.now(UTC) - version["timestamp"].astimezone(UTC)
            # Lance counts from a little later, when it comes to it.
            older_s = max(older_s, age.total_seconds() + min(keep_s, _MARGIN_S))
    await handle.optimize(cleanup_older_than=timedelta(seconds=max(older_s, 0.001)))
