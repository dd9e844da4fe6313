"""What a text asks for in words, and when words help."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.search_terms import terms
from ingestion_orchestration_fastapi_app.domain.search.mode import words_help, words_weight
from ingestion_orchestration_fastapi_app.domain.search.word_query import (
    MAX_WORDS,
    Phrase,
    WordQuery,
    word_query,
)


def words(*asked: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.split()) for one in asked)


@pytest.mark.parametrize(
    ("text", "required", "optional"),
    [
        ("a dog on the beach", (), ("dog", "beach")),
        ("Ein Hund am Strand", (), ("hund", "strand")),
        ('"the beach" dog', ("the beach",), ("dog",)),
        ("„am Meer“ im Café", ("am meer",), ("cafe",)),
        ("«snow white» “and”", ("snow white", "and"), ()),
        ('an open "quote', (), ("open", "quote")),
        ("who is it", (), ("who", "is", "it")),
        ('the "beach"', ("beach",), ()),
        ("IMG_1234.jpg", (), ("img", "1234", "jpg")),
        ("dog dog DOG", (), ("dog",)),
        ('"dog" dog', ("dog",), ()),
        ("東京 tower", (), ("東 京", "tower")),
        ('""', (), ()),
        ("?!", (), ()),
    ],
)
def test_quoted_words_are_required_and_those_that_only_join_are_left_out(
    text: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    assert word_query(text) == WordQuery(words(*required), words(*optional))


@given(st.text(max_size=300))
def test_any_text_asks_for_words_that_it_holds_and_for_a_bounded_number(text: str) -> None:
    asked = word_query(text)
    assert len(asked.all) <= MAX_WORDS
    said = set(terms(text.translate(str.maketrans("“”„‟«»″＂", '""""""""'))))
    assert {term for phrase in asked.all for term in phrase} <= said


def test_what_a_picture_holds_is_found_as_phrases() -> None:
    asked = word_query('"snow white" dwarfs')
    assert asked.among(["dwarfs", "white", "snow"]) == words("dwarfs")
    assert asked.among(["the", "snow", "white"]) == words("snow white")


@pytest.mark.parametrize(
    ("text", "held", "helps"),
    [
        ("a dog on the beach", [words("dog", "beach")], True),
        ("a dog on the beach", [words("dog"), words("beach")], False),
        ("a dog on the beach", [], False),
        ("img 1234", [words("img"), words("1234")], True),
        ("img 1234", [words("img")], False),
        ('"nowhere to be found" dog', [], True),
    ],
)
def test_words_help_where_one_picture_holds_them_all(
    text: str, held: list[tuple[tuple[str, ...], ...]], *, helps: bool
) -> None:
    assert words_help(word_query(text), held) is helps


@pytest.mark.parametrize(
    ("text", "held", "weight"),
    [
        ("red dog", [(("red",),)] * 4, 1 / 3),
        ("red dog", [(("red",),)] * 3, 1.0),
        ("red dog", [(("red",), ("dog",))] * 4, 1.0),
        ("red dog beach", [(("red",), ("dog",))] * 4, 1.0),
        ("dog", [(("dog",),)] * 4, 1.0),
        ('"red" dog', [(("red",),)] * 4, 1.0),
        ("red dog", [], 1.0),
    ],
)
def test_one_word_of_two_counts_less_where_many_pictures_hold_it(
    text: str, held: list[tuple[Phrase, ...]], weight: float
) -> None:
    assert words_weight(word_query(text), held) == weight
