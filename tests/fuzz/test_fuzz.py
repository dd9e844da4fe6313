"""A few thousand broken files: each is a picture or a code, and its metadata never raises."""

from __future__ import annotations

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, in_time, seeds

RUNS = {"opener": 3000, "metadata": 3000}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_broken_file_gets_through(name: str) -> None:
    given = seeds()
    for data in given:
        in_time(TARGETS[name], data)
    for number in range(RUNS[name]):
        in_time(TARGETS[name], mutated(given, number))


def test_mutations_are_the_same_for_the_same_number() -> None:
    given = seeds()
    first = [mutated(given, number) for number in range(50)]
    assert first == [mutated(given, number) for number in range(50)]
    assert len(set(first)) > 40
