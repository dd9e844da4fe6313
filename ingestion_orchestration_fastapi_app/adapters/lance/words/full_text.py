"""The full-text index of a words table, and searches by it. Terms are made here, not by Lance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from lancedb.query import BooleanQuery, FullTextOperator, MatchQuery, Occur, PhraseQuery

from ingestion_orchestration_fastapi_app.adapters.lance.indexing import build_child
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import (
    OF_IDS,
    IndexKind,
    IndexPlan,
)
from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import id_in
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import LONGEST_READ
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.adapters.lance.words.rows import TERMS
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit
from ingestion_orchestration_fastapi_app.domain.search.word_query import Phrase, WordQuery

# Without pydantic's plugin mypy takes each field's default for no default.
_Phrase: Any = PhraseQuery
_Match: Any = MatchQuery

_SCORE = "_score"


# Whole terms, with their places so that phrases are found.
OF_TERMS = IndexPlan(
    TERMS,
    IndexKind.WORDS,
    {
        "with_position": True,
        "base_tokenizer": "whitespace",
        "max_token_length": None,
        "lower_case": False,
        "stem": False,
        "remove_stop_words": False,
        "ascii_folding": False,
    },
)
PLANS = (OF_IDS, OF_TERMS)


async def make_indexes(handle: Any) -> None:
    """Of a table that is empty: later ones are built beside the service."""
    for plan in PLANS:
        config = build_child.config(plan.kind, plan.options)
        await handle.create_index(plan.column, config=config, replace=True)


async def found(
    handle: Any, asked: WordQuery, *, limit: int, among: Collection[UUID] | None
) -> list[WordHit]:
    """Of rows that are not in the index yet, too: Lance reads those one by one."""
    if not asked.all or limit <= 0 or (among is not None and not among):
        return []
    query = handle.query().nearest_to_text(_text_query(asked)).select([ID, _SCORE]).limit(limit)
    if among is not None:
        query = query.where(id_in(among))  # before the search: it costs no results
    rows = await query.to_arrow(timeout=LONGEST_READ)
    hits = [WordHit(UUID(row[ID]), row[_SCORE]) for row in rows.to_pylist()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


def _text_query(asked: WordQuery) -> Any:
    parts = [
        *((Occur.MUST, one) for one in _parts(asked.required, FullTextOperator.AND)),
        *((Occur.SHOULD, one) for one in _parts(asked.optional, FullTextOperator.OR)),
    ]
    return parts[0][1] if len(parts) == 1 else BooleanQuery(parts)


def _parts(wanted: Sequence[Phrase], operator: FullTextOperator) -> Iterator[Any]:
    yield from (_Phrase(" ".join(phrase), TERMS) for phrase in wanted if len(phrase) > 1)
    single = [phrase[0] for phrase in wanted if len(phrase) == 1]
    if single:
        yield _Match(" ".join(single), TERMS, operator=operator)
