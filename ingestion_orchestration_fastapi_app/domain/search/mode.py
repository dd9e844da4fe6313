"""Whether words help a search, where it is left to us, and how much they count beside a vector."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ingestion_orchestration_fastapi_app.domain.search.word_query import Phrase, WordQuery

_OF_HALF = 1 / 3
_FEW = 3  # pictures that hold a word: it is rare, and may be a name


def words_weight(asked: WordQuery, held: Collection[tuple[Phrase, ...]]) -> float:
    """Of the list by words in a fused one. `held`: the words of the query that its pictures hold.

    A third where none of many pictures holds more than half of the words: of two words one stands
    in captions by chance. What the vector finds first stays first then, and what both find rises.
    """
    says_more = any(2 * len(one) > len(asked.all) for one in held)
    return 1.0 if asked.required or says_more or len(held) <= _FEW else _OF_HALF


def words_help(asked: WordQuery, held: Iterable[tuple[Phrase, ...]]) -> bool:
    """`held`: the words of the query that each picture holds which was found by them.

    They do where something is quoted, where a picture holds all of them, and where one with a
    number is found, as in the name of a file. Else a sentence is meant, of which single words
    stand in captions and folders by chance.
    """
    if asked.required:
        return True
    everything = set(asked.all)
    return any(everything <= set(one) or any(_has_number(word) for word in one) for one in held)


def _has_number(word: Phrase) -> bool:
    return any(map(str.isdigit, "".join(word)))
