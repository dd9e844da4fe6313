"""Cells of a spreadsheet that say what they say: no program takes one for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

# What begins a formula, also after what programs take off first; wide forms are taken for narrow.
_BEGINS = frozenset("=+-@\t\r\n＝＋－＠")  # they are meant
_IGNORED = " \u00a0\ufeff"


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Of a CSV as RFC 4180 has it, in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8", "backslashreplace")


def cell(value: object) -> str:
    """Nothing for None, numbers as they are; what could be a formula gets a `'` before it."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    begins = text.lstrip(_IGNORED)[:1]
    return f"'{text}" if begins in _BEGINS and begins else text
