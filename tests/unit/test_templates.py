"""Templates are for names of things, and used where an evaluation says that they help."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.domain.search.templates import (
    TEMPLATES,
    help_a_model,
    mean_of,
    texts_for,
)


@pytest.mark.parametrize(
    "query", ["dog", " golden retriever ", "ein alter Hund", "犬", "Apollo 11"]
)
def test_a_name_of_a_thing_stands_in_several_sentences_and_alone(query: str) -> None:
    texts = texts_for(query)
    assert len(texts) == len(set(texts)) == len(TEMPLATES)
    assert texts[0] == query.strip()
    assert all(query.strip() in text for text in texts)


@pytest.mark.parametrize(
    "query",
    ["a dog on the beach", '"red car"', "2019", "photo of snow", "Ein Bild", "...", "{} {0}"],
)
def test_what_is_a_sentence_or_quoted_or_a_number_stays_as_it_is(query: str) -> None:
    assert texts_for(query) == (query,)


def test_braces_of_a_query_are_its_own() -> None:
    assert texts_for("{x} dog")[1] == "a photo of {x} dog"


def test_the_mean_is_of_length_one_and_between_its_texts() -> None:
    one, two = np.eye(3, dtype=np.float32)[:2]
    found = mean_of([QueryVector(one, "f"), QueryVector(two, "f", truncated=True)])
    assert np.allclose(found.vector, [0.5**0.5, 0.5**0.5, 0])
    assert (found.truncated, found.templated, found.fingerprint) == (True, True, "f")
    alone = mean_of([QueryVector(one, "f")])
    assert (alone.vector == one).all()
    assert not alone.templated
    opposite = mean_of([QueryVector(one, "f"), QueryVector(-one, "f")])
    assert (opposite.vector == one).all()


@pytest.mark.parametrize(
    ("gained", "lost", "helps"),
    [(0, 0, False), (1, 0, False), (3, 0, True), (5, 5, False), (20, 10, True), (12, 8, False)],
)
def test_chance_is_no_help(gained: int, lost: int, *, helps: bool) -> None:
    assert help_a_model(gained=gained, lost=lost) is helps
