"""Near vectors are those that comparing each with each finds, in however few axes they are held."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.duplicates.near_vectors import (
    LEAST_AXES,
    Axes,
    are_near,
    axes_held,
    block_rows,
    may_be_near,
    squared_limit,
)
from tests.made_vectors import MadeModel

LIMIT = squared_limit(0.93)


@pytest.mark.parametrize("most", [16, 48, 96])
def test_no_near_pair_is_passed_over(most: int) -> None:
    model = MadeModel(1, dim=96, subjects=60)
    vectors = model.pictures(np.arange(600) % 60)
    vectors[300:] = vectors[:300] + np.random.default_rng(1).normal(0, 0.02, (300, 96))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    axes = Axes.of(vectors[::3], most=most)
    held = axes.projected(vectors)
    assert held.shape == (600, most)
    assert axes.are_all == (most == 96)
    true = vectors.astype(np.float64) @ vectors.T.astype(np.float64) >= 0.93
    rows = np.arange(100, 160)
    near = may_be_near(held, rows, limit=LIMIT)
    assert not (true[rows, 100:] & ~near).any()
    for row in rows[:10].tolist():
        others = np.flatnonzero(near[row - 100]) + 100
        found = are_near(held[row], held[others], limit=LIMIT, slack=not axes.are_all)
        assert not (true[row, others] & ~found).any()
        if axes.are_all:
            assert (found == true[row, others]).all()


def test_memory_is_bounded_whatever_the_size() -> None:
    assert axes_held(1000, 768, budget_bytes=1 << 29) == 768
    assert axes_held(1_000_000, 768, budget_bytes=1 << 29) == 134
    assert axes_held(10**9, 768, budget_bytes=1 << 29) == LEAST_AXES
    assert axes_held(10, 8, budget_bytes=1 << 29) == 8
    assert block_rows(10) == 1024
    assert 1 <= block_rows(1_000_000) <= 32


def test_one_vector_has_axes() -> None:
    axes = Axes.of(np.ones((1, 4), np.float32), most=4)
    assert np.allclose(axes.projected(np.ones((2, 4), np.float32)), 0)
