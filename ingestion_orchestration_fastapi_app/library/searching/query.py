"""A search as it comes from a caller, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit

# The folders of a collection that may be shown; None: all of it.
Shown: TypeAlias = Callable[[CollectionRecord], tuple[bytes, ...] | None]


@dataclass(frozen=True, slots=True)
class Query:
    """A page begins at `offset`, or where `cursor` says."""

    collection: str
    limit: int
    offset: int
    filters: Filters
    min_score: float | None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`cursor` is there where more may follow."""

    hits: list[Hit]
    collection: CollectionRecord
    warnings: tuple[str, ...]
    cursor: str | None = None
