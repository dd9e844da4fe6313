"""What a text asks for in words: what must be there, and what counts where it is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingestion_orchestration_fastapi_app.domain.library.search_terms import phrases, terms
from ingestion_orchestration_fastapi_app.domain.search.function_words import FUNCTION_WORDS

Phrase: TypeAlias = tuple[str, ...]  # terms that follow one another; mostly one

_QUOTED = re.compile(r'"([^"]*)"')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"'))
MAX_WORDS = 64


@dataclass(frozen=True, slots=True)
class WordQuery:
    """`required`: all of these must be there. `optional`: each makes what holds it better, and
    without `required` one of them must be there.
    """

    required: tuple[Phrase, ...] = ()
    optional: tuple[Phrase, ...] = ()

    @property
    def all(self) -> tuple[Phrase, ...]:
        return (*self.required, *self.optional)

    def among(self, said: Sequence[str]) -> tuple[Phrase, ...]:
        """Those of its words that the terms of a text hold."""
        places: dict[str, list[int]] = {}
        for at, term in enumerate(said):
            places.setdefault(term, []).append(at)
        return tuple(
            one
            for one in self.all
            if any(tuple(said[at : at + len(one)]) == one for at in places.get(one[0], ()))
        )


def word_query(text: str) -> WordQuery:
    """Quoted words must be there, in their order. Of the others those that only hold a sentence
    together ("a", "on", "der") are left out, unless there is nothing else.
    """
    text = text.translate(_QUOTES)
    quoted = [tuple(terms(part)) for part in _QUOTED.findall(text)]
    required = _distinct(phrase for phrase in quoted if phrase)
    others = _distinct(phrases(_QUOTED.sub(" ", text)))
    saying = tuple(one for one in others if " ".join(one) not in FUNCTION_WORDS)
    if not saying and not required:
        saying = others
    optional = tuple(one for one in saying if one not in required)
    return WordQuery(required[:MAX_WORDS], optional[: max(MAX_WORDS - len(required), 0)])


def every_word(text: str) -> WordQuery:
    """All words of a text must be there."""
    return WordQuery(required=_distinct(phrases(text)))


def _distinct(found: Iterable[Phrase]) -> tuple[Phrase, ...]:
    return tuple(dict.fromkeys(found))
