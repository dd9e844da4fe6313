"""Words and meaning together lose next to nothing against the better of them: made sets."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from tests.component.made_library import made_library, picture, unit
from utils.contract.search import SearchMode

pytestmark = pytest.mark.anyio

DIM = 48
PICTURES = 1000
QUERIES = 50
WORDS_A_CAPTION = 7
_VOCABULARY = 300
_NEAR, _FAR = 0.95, 0.0  # how much of a query's vector is in its answer's


class Made(NamedTuple):
    points: list[Point]
    texts: dict[str, Vector]
    answers: dict[str, Point]


def made(words: int, *, in_words: bool, in_picture: bool, labelled: bool = True) -> Made:
    """Each query has so many words, and one answer. All other captions are words by chance, as
    frequent as in life: the first few of them are in every third caption.
    """
    rng, chance = random.Random(4), np.random.default_rng(4)
    weights = [1 / (rank + 3) for rank in range(_VOCABULARY)]
    names = [f"word{rank:03d}x" for rank in range(_VOCABULARY)]

    def some(number: int) -> list[str]:
        return rng.choices(names, weights, k=number)

    points = list[Point]()
    texts, answers = dict[str, Vector](), dict[str, Point]()
    for number in range(PICTURES):
        vector = unit(chance.standard_normal(DIM))
        caption = some(WORDS_A_CAPTION)
        if number < QUERIES:
            asked = rng.sample(names[20:], words)
            if in_words:
                caption = [*asked, *some(WORDS_A_CAPTION - len(asked))]
            text = "a " + " on the ".join(asked)
            query = unit(chance.standard_normal(DIM))
            share = rng.uniform(0.3, 0.7) if in_picture else _FAR
            vector = unit(share * query + (1 - share**2) ** 0.5 * vector)
        said = "a " + " of the ".join(caption) if labelled else None
        points.append(picture(number, vector, caption=said, path=f"/photos/img_{number:04d}.jpg"))
        if number < QUERIES:
            texts[text], answers[text] = query, points[-1]
    return Made(points, texts, answers)


async def recall(folder: Path, sets: Made, modes: Iterable[SearchMode]) -> dict[SearchMode, float]:
    """R@10."""
    store = LanceStore(str(folder))
    library = await made_library(
        sets.points, sets.texts, store=store, words=LanceWords(store.database)
    )
    found = dict.fromkeys(modes, 0)
    for mode in found:
        for text, answer in sets.answers.items():
            hits = (await library.found(text, mode=mode)).hits
            found[mode] += any(hit.point.id == answer.id for hit in hits)
    await store.aclose()
    return {mode: count / len(sets.answers) for mode, count in found.items()}


@pytest.mark.parametrize("words", [2, 3])
@pytest.mark.parametrize(
    ("in_words", "in_picture", "labelled"),
    [(True, False, True), (False, True, True), (True, True, True), (False, True, False)],
    ids=["words", "picture", "both", "no labels"],
)
async def test_hybrid_loses_at_most_two_points_against_the_better_one(
    tmp_path: Path, words: int, *, in_words: bool, in_picture: bool, labelled: bool
) -> None:
    sets = made(words, in_words=in_words, in_picture=in_picture, labelled=labelled)
    found = await recall(tmp_path, sets, SearchMode)
    better = max(found[SearchMode.VECTOR], found[SearchMode.TEXT])
    assert found[SearchMode.HYBRID] >= better - 0.02, found
    assert found[SearchMode.AUTO] >= better - 0.02, found
    assert better >= 0.5
