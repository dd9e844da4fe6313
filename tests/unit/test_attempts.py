"""How many wrong keys an address may try, and that nothing of it grows without bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.access.login_attempts import Attempts


def test_a_few_at_once_and_then_one_at_a_time() -> None:
    attempts = Attempts(at_once=3, refill_s=10)
    for _ in range(3):
        assert attempts.wait_s("1.2.3.4", 100.0) == 0
        attempts.count("1.2.3.4", 100.0)
    assert attempts.wait_s("1.2.3.4", 100.0) == 10
    assert attempts.wait_s("1.2.3.4", 105.0) == 5
    assert attempts.wait_s("1.2.3.4", 110.0) == 0
    attempts.count("1.2.3.4", 110.0)
    assert attempts.wait_s("1.2.3.4", 110.0) == 10


def test_the_longest_wait_is_not_exceeded_by_rounding() -> None:
    for step in range(2000):
        attempts, now_s = Attempts(at_once=2, refill_s=5), 1000.1 + step * 0.37
        attempts.count("1.2.3.4", now_s)
        attempts.count("1.2.3.4", now_s)
        assert attempts.wait_s("1.2.3.4", now_s) == 5


def test_addresses_do_not_lock_each_other_out() -> None:
    attempts = Attempts(at_once=1)
    attempts.count("1.2.3.4", 0.0)
    assert attempts.wait_s("1.2.3.4", 0.0) > 0
    assert attempts.wait_s("1.2.3.5", 0.0) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.5", False),
        ("a socket", "another", False),
    ],
)
def test_a_households_network_is_one_address(one: str, other: str, *, same: bool) -> None:
    attempts = Attempts(at_once=1)
    attempts.count(one, 0.0)
    assert (attempts.wait_s(other, 0.0) > 0) == same


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 1e6)), max_size=300))
def test_it_remembers_a_bounded_number_and_never_waits_longer_than_it_says(
    tried: list[tuple[int, float]],
) -> None:
    attempts = Attempts(at_once=2, refill_s=5, max_addresses=10)
    for number, now_s in sorted(tried, key=lambda one: one[1]):
        if attempts.wait_s(f"10.0.{number // 256}.{number % 256}", now_s) == 0:
            attempts.count(f"10.0.{number // 256}.{number % 256}", now_s)
        assert attempts.wait_s(f"10.0.{number // 256}.{number % 256}", now_s) <= 5
        assert len(attempts._full_at_s) <= 10
