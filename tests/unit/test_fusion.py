"""Reciprocal rank fusion: one order out of several lists of scores."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.search.fusion import K, fused

A, B, C, D = (UUID(int=number) for number in range(4))

lists = st.lists(
    st.dictionaries(st.integers(0, 20).map(lambda n: UUID(int=n)), st.floats(-1, 1)), max_size=3
)


def test_the_sum_of_reciprocal_ranks_orders() -> None:
    found = fused({A: 0.9, B: 0.5, C: 0.1}, {C: 12.0, D: 3.0})
    assert found == {
        C: 1 / (K + 3) + 1 / (K + 1),
        A: 1 / (K + 1),
        B: 1 / (K + 2),
        D: 1 / (K + 2),
    }
    assert list(found) == [C, A, B, D]


def test_a_list_may_count_less() -> None:
    found = fused({A: 0.9, B: 0.5}, {B: 12.0, C: 3.0}, weights=(1.0, 0.25))
    assert found == {
        B: 1 / (K + 2) + 0.25 / (K + 1),
        A: 1 / (K + 1),
        C: 0.25 / (K + 2),
    }
    assert list(found) == [B, A, C]


def test_equal_scores_share_a_rank_so_that_the_other_list_orders_them() -> None:
    words = dict.fromkeys((A, B, C), 2.0) | {D: 1.0}
    found = fused({C: 0.9, B: 0.8, D: 0.7, A: 0.1}, words)
    assert list(found) == [C, B, A, D]
    assert found[D] == 1 / (K + 3) + 1 / (K + 4)


@given(lists)
def test_one_list_alone_keeps_its_order(found: list[dict[UUID, float]]) -> None:
    for scores in found:
        by_score = sorted(scores, key=lambda one: (-scores[one], one))
        assert list(fused(scores)) == by_score


@given(lists)
def test_all_that_any_list_holds_is_there_once_whatever_the_order_of_lists(
    found: list[dict[UUID, float]],
) -> None:
    order = fused(*found)
    assert set(order) == {one for scores in found for one in scores}
    assert {one: round(s, 12) for one, s in fused(*found[::-1]).items()} == {
        one: round(s, 12) for one, s in order.items()
    }
