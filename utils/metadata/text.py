"""Text and numbers from metadata, made safe to keep: bounded, printable, finite."""

from __future__ import annotations

import math
from collections.abc import Iterable

from utils.text.folded import folded

MAX_TEXT = 200
MAX_DESCRIPTION = 10_000
MAX_KEYWORDS = 500


def one_line(text: str | None, *, most: int = MAX_TEXT) -> str | None:
    """Without control characters; None where nothing is left."""
    if not text:
        return None
    kept = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    return " ".join(kept.split())[:most].strip() or None


def many_lines(text: str | None) -> str | None:
    """Keeps line ends, as `\\n`."""
    lines = [one_line(line, most=MAX_DESCRIPTION) or "" for line in (text or "").splitlines()[:500]]
    return "\n".join(lines).strip()[:MAX_DESCRIPTION].strip() or None


def keywords(flat: Iterable[str], hierarchies: Iterable[str] = ()) -> tuple[str, ...]:
    """Each once, in the order given; of a hierarchy ("Places|Rome") the whole and each level."""
    found: dict[str, str] = {}
    for word in _with_levels(flat, hierarchies):
        kept = one_line(word)
        if kept is not None:
            found.setdefault(folded(kept), kept)
        if len(found) >= MAX_KEYWORDS:
            break
    return tuple(found.values())


def _with_levels(flat: Iterable[str], hierarchies: Iterable[str]) -> Iterable[str]:
    yield from flat
    for path in hierarchies:
        yield path
        yield from path.split("|")


def positive(number: float | None, *, most: float) -> float | None:
    """None for 0, which stands for unknown, and for what cannot be."""
    if number is None or not math.isfinite(number) or not 0 < number <= most:
        return None
    return float(number)


def rating(number: float | None) -> int | None:
    """-1 (rejected) to 5."""
    if number is None or not math.isfinite(number) or not -1 <= number <= 5:
        return None
    return round(number)


def number(text: str | None) -> float | None:
    """A decimal or a rational ("1/250"); None for what is neither."""
    top, slash, bottom = (text or "").strip()[:64].partition("/")
    try:
        value = float(top) / float(bottom) if slash else float(top)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None
