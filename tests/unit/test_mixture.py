"""Vectors that are liked and disliked, as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.mixture import mixture, unit_of
from tests.component.made_library import unit

X, Y, Z = (unit(row) for row in np.eye(3))

vectors = st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any).map(unit)
parts = st.lists(
    st.tuples(vectors, st.floats(0.01, 100), st.booleans()), min_size=1, max_size=6
).map(lambda rows: [(vector, weight if liked else -weight) for vector, weight, liked in rows])


def test_weights_count() -> None:
    mixed = mixture([(X, 3.0), (Y, 4.0)])
    assert mixed is not None
    assert mixed.tolist() == pytest.approx([0.6, 0.8, 0])


def test_what_is_disliked_is_taken_away() -> None:
    mixed = mixture([(unit([1, 1, 0]), 1.0), (Y, -(0.5**0.5))])
    assert mixed is not None
    assert mixed.tolist() == pytest.approx([1, 0, 0], abs=1e-6)
    alone = mixture([(X, -2.0)])
    assert alone is not None
    assert alone.tolist() == [-1, 0, 0]


def test_one_alone_stays_as_it_is() -> None:
    odd = unit([0.1, 0.2, 0.3])
    assert mixture([(odd, 7.0)]) is odd


@pytest.mark.parametrize("weight", [0.01, 1.0, 100.0])
def test_nothing_is_left_of_what_cancels_out(weight: float) -> None:
    assert mixture([(X, weight), (X, -weight)]) is None
    assert mixture([(X, weight), (unit([-1, 0, 0]), weight)]) is None


@pytest.mark.parametrize("numbers", [[0.0, 0.0], [float("nan"), 1.0], [1e-31, 0.0]])
def test_what_has_no_direction_is_no_vector(numbers: list[float]) -> None:
    assert unit_of(numbers) is None


@given(parts)
def test_a_mixture_is_a_unit_vector_or_nothing(rows: list[tuple[Vector, float]]) -> None:
    mixed = mixture(rows)
    assert mixed is None or abs(float(np.linalg.norm(mixed)) - 1) < 1e-5
