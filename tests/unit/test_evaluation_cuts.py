"""Of the relevances of an evaluation's hits the cut is read that may be proposed."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.evaluation.cuts import LEAST_HITS, Cuts
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import LIMIT


def cuts(*fitting: float, others: tuple[float, ...] = ()) -> Cuts:
    made = Cuts()
    made.add(fitting, [True] * len(fitting), finds_nothing=False)
    made.add(others, [False] * len(others), finds_nothing=False)
    return made


def test_the_highest_cut_that_keeps_98_of_100_hits_is_proposed() -> None:
    assert cuts(*[0.935] * 98, 0.2, 0.1).suggested() == 0.93
    assert cuts(*[0.935] * 97, 0.61, 0.2, 0.1).suggested() == 0.61


def test_none_is_proposed_where_a_half_would_already_lose_too_much() -> None:
    lossy = cuts(*[0.9] * 97, 0.49, 0.49, 0.49)
    assert lossy.suggested() is None
    assert lossy.figures() == {}


def test_none_is_proposed_of_too_few_hits() -> None:
    assert cuts(*[0.9] * (LEAST_HITS - 1)).suggested() is None
    assert cuts(*[0.9] * LEAST_HITS).suggested() == 0.9


def test_it_is_no_stricter_than_what_says_that_something_was_found() -> None:
    found = cuts(*[0.9999] * 100).suggested()
    assert found is not None
    assert found <= LIMIT < found + 0.01


def test_what_is_said_to_find_nothing_is_lost_at_every_cut() -> None:
    made = cuts(*[0.9] * 97)
    made.add([0.99] * 3, [True] * 3, finds_nothing=True)
    assert made.suggested() is None


def test_the_proposed_cut_says_what_it_costs() -> None:
    made = cuts(*[0.9] * 99, 0.3, others=(0.95, 0.9, 0.4))
    for best in (0.97, 0.95, 0.9, 0.2):
        made.add_nonsense(best)
    assert made.figures() == {
        "suggested cut": 0.9,
        "suggested cut: precision": pytest.approx(99 / 101),
        "suggested cut: recall": 0.99,
        "suggested cut: nonsense that passes": 0.75,
    }
