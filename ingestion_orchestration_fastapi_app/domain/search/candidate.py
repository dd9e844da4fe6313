"""Candidates: points as a search looks at them before it shows some."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.search.word_query import Phrase


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a point is ordered, cut and folded by, without the rest of its payload.

    `score`: the cosine to the query; None where it was asked for by words alone. `word_score`: by
    BM25, and `words` are those of the query that it holds; None and empty where words did not find
    it. `is_near`: the vector found it, too.
    """

    id: UUID
    path: bytes
    display_path: str
    sha256: bytes
    format: str
    phash: int
    taken_at: datetime | None
    score: float | None = None
    is_near: bool = True
    word_score: float | None = None
    words: tuple[Phrase, ...] = ()
