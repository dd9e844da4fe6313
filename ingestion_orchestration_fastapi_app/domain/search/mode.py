"""Whether words help a search, where it is left to us."""

from __future__ import annotations

from collections.abc import Iterable

from ingestion_orchestration_fastapi_app.domain.search.word_query import Phrase, WordQuery


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
