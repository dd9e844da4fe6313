"""Rows of choices of which each pair occurs together: few tests, and nothing that two choices can
break stays unseen. Greedy, without dice: the same rows every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

Row = dict[str, str]
Choice = tuple[str, str]


def pairs_of(row: Mapping[str, str]) -> set[frozenset[Choice]]:
    return {frozenset(two) for two in combinations(row.items(), 2)}


def pairwise(choices: Mapping[str, Sequence[str]], *, done: Iterable[Row] = ()) -> list[Row]:
    """Rows that have every pair of two choices, but for those that the rows of `done` have."""
    every = [(name, value) for name, values in choices.items() for value in values]
    missing = {frozenset((a, b)): None for a, b in combinations(every, 2) if a[0] != b[0]}
    for row in done:
        for pair in pairs_of(row):
            missing.pop(pair, None)
    rows: list[Row] = []
    while missing:
        row = dict(next(iter(missing)))
        for name, values in choices.items():
            if name not in row:
                row[name] = max(values, key=lambda value: _gain(row, (name, value), missing))
        rows.append({name: row[name] for name in choices})
        for pair in pairs_of(row):
            missing.pop(pair, None)
    return rows


def _gain(row: Row, more: Choice, missing: Mapping[frozenset[Choice], None]) -> int:
    """How many missing pairs that choice would bring into the row."""
    return sum(frozenset((more, one)) in missing for one in row.items())
