"""A search as it comes from a caller, and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Point, QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.diversity import RELEVANCE_SHARE
from ingestion_orchestration_fastapi_app.domain.search.folding import NO_FOLD, Fold
from utils.contract.search import SearchMode, SearchSort, Templates
from utils.contract.warnings import WarningDetail, sentences


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of any search. A page begins at `offset`, or where `cursor` says.

    `is_descending`: of what is not sorted by relevance. `is_counted`: a total is wanted.
    """

    collection: str
    limit: int
    offset: int
    filters: Filters
    min_score: float | None
    cursor: str | None = None
    mode: SearchMode = SearchMode.VECTOR
    sort: SearchSort = SearchSort.RELEVANCE
    is_descending: bool = True
    diverse: bool = False
    relevance_share: float = RELEVANCE_SHARE
    fold: Fold = NO_FOLD
    is_counted: bool = False
    min_relevance: float | None = None
    templates: Templates = Templates.AUTO

    @property
    def is_plain(self) -> bool:
        """By relevance alone, each point by itself: the store has its pages, however far down."""
        return self.sort is SearchSort.RELEVANCE and not (
            self.diverse or self.fold or self.min_relevance is not None
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked for. `key` says all of it, for the digest of a cursor.

    `text` is looked for in words, too; `vector` is asked for where a search needs one; `without`
    are images that are no answer.
    """

    key: tuple[str, ...]
    vector: Callable[[CollectionRecord, Generation], Awaitable[QueryVector]]
    text: str | None = None
    without: frozenset[UUID] = frozenset()

    @property
    def is_judged(self) -> bool:
        """Of a mixture the neutral texts say nothing, and of a picture neither."""
        return self.key[0] == "text"


@dataclass(frozen=True, slots=True)
class StoredVector:
    """Of a stored image, and whose it is."""

    vector: Vector
    model: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One search in one collection, which is bound to a model. `filters`: also what is shown."""

    query: Query
    subject: Subject
    collection: CollectionRecord
    active: Generation
    filters: Filters


@dataclass(frozen=True, slots=True)
class Result:
    """An image that is shown, and the others that it stands for.

    `score`: the cosine; None where nothing was asked for but words. `is_near`: the vector found
    it. `words`: those that were found, with their score by BM25. `probability`: by the model's own
    sigmoid.
    """

    point: Point
    score: float | None
    is_near: bool = True
    word_score: float | None = None
    words: tuple[str, ...] = ()
    others: tuple[UUID, ...] = ()
    relevance: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`cursor` is there where more may follow. `mode` is the one that was used; None where nothing
    but filters was asked for. `total`: all that
    were found, or, unless `is_total_exact`, at least so many; None where it was not counted.
    `nothing_relevant`: None where that is not known. `calibrated`: an evaluation has run with the
    model. `suggested_cut`: the least relevance that it proposed. `templated`: the text was asked
    for as several sentences.
    """

    hits: list[Result]
    collection: CollectionRecord
    warning_details: tuple[WarningDetail, ...]
    cursor: str | None = None
    mode: SearchMode | None = SearchMode.VECTOR
    total: int | None = None
    is_total_exact: bool = True
    nothing_relevant: bool | None = None
    calibrated: bool = False
    suggested_cut: float | None = None
    templated: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """In English."""
        return sentences(self.warning_details)
