"""Text and numbers from metadata, made safe to keep: bounded, printable, finite."""

from __future__ import annotations

import math
from collections.abc import Iterable

from utils.text.folded import folded

MAX_TEXT = 200
MAX_DESCRIPTION = 10_000
MAX_KEYWORDS = 500
_MOST_STOPS = 30


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


def stars_of_percent(number: float | None) -> int | None:
    """As Windows writes its stars: 1, 25, 50, 75 and 99 stand for one to five."""
    if number is None or not math.isfinite(number) or not 0 <= number <= 100:
        return None
    return 0 if number < 1 else min(5, round((number - 1) / 24.5) + 1)


def f_number_of_apex(power: float | None) -> float | None:
    """The square root of two to the power."""
    return None if power is None or not abs(power) <= _MOST_STOPS else float(2 ** (power / 2))


def exposure_of_apex(power: float | None) -> float | None:
    """Seconds: a half to the power."""
    return None if power is None or not abs(power) <= _MOST_STOPS else float(2**-power)


def lens_range(shortest: float, longest: float, widest: float, at_longest: float) -> str | None:
    """ "18-55mm f/3.5-5.6", of lengths and f-numbers; what is 0 or not finite is unknown."""
    if not (_is_known(shortest) and _is_known(longest)):
        return None
    length = f"{shortest:.4g}" if shortest == longest else f"{shortest:.4g}-{longest:.4g}"
    if not _is_known(widest):
        return f"{length}mm"
    wide = f"{widest:.3g}"
    same = not _is_known(at_longest) or at_longest == widest
    return f"{length}mm f/{wide}" if same else f"{length}mm f/{wide}-{at_longest:.3g}"


def _is_known(number: float) -> bool:
    return math.isfinite(number) and number > 0


def number(text: str | None) -> float | None:
    """A decimal or a rational ("1/250"); None for what is neither."""
    top, slash, bottom = (text or "").strip()[:64].partition("/")
    try:
        value = float(top) / float(bottom) if slash else float(top)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None
