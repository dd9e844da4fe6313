"""Which kind of index a table has, as far as a search must know."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class IndexShape(StrEnum):
    """Tables that an earlier version indexed have graphs until they are indexed anew."""

    GRAPH = "graph"
    PARTITIONS = "partitions"


def shape_of(index: Any) -> IndexShape:
    """Of Lance's description of it."""
    return IndexShape.GRAPH if "HNSW" in index.index_type.upper() else IndexShape.PARTITIONS
