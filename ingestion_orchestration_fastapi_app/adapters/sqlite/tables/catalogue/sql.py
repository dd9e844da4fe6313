"""Conditions of SQL, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition and its parameters. It is true or false, never NULL: then NOT means not."""

    text: str
    given: tuple[object, ...] = ()


ALWAYS = Sql("1")
NEVER = Sql("0")


def all_of(*parts: Sql) -> Sql:
    return _joined(" AND ", parts) if parts else ALWAYS


def any_of(*parts: Sql) -> Sql:
    return _joined(" OR ", parts) if parts else NEVER


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    text = word.join(f"({part.text})" for part in parts)
    return Sql(text, tuple(one for part in parts for one in part.given))
