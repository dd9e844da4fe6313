"""Maximal marginal relevance."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.diversity import diverse_order


def near(axis: int, lean: float) -> Vector:
    """Along an axis, with a little of the last one."""
    vector = np.zeros(5, dtype=np.float32)
    vector[axis], vector[4] = 1, lean
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def test_a_picture_of_another_kind_comes_before_more_of_the_same() -> None:
    vectors = [near(0, 0.01 * number) for number in range(5)] + [near(1, 0), near(2, 0)]
    scores = [0.30, 0.29, 0.29, 0.28, 0.28, 0.25, 0.20]
    assert diverse_order(scores, vectors)[:2] == [0, 5]
    assert set(diverse_order(scores, vectors, relevance_share=0.3)[:3]) == {0, 5, 6}


def test_relevance_alone_is_the_order_of_scores() -> None:
    vectors = [near(0, 0), near(0, 0.1), near(1, 0)]
    assert diverse_order([0.1, 0.3, 0.2], vectors, relevance_share=1) == [1, 2, 0]


def test_none_and_equal_scores_are_no_fault() -> None:
    assert diverse_order([], []) == []
    assert diverse_order([0.2, 0.2], [near(0, 0), near(0, 0)]) == [0, 1]


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 3)), max_size=12), st.floats(0, 1))
def test_each_is_chosen_once_and_the_best_first(
    made: list[tuple[float, int]], share: float
) -> None:
    scores = [score for score, _ in made]
    order = diverse_order(scores, [near(axis, 0) for _, axis in made], relevance_share=share)
    assert sorted(order) == list(range(len(made)))
    if made and share > 0:
        assert scores[order[0]] == max(scores) or share < 1e-6
