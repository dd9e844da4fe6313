"""Places in a sentence: only behind in, from or near, and only by a city's exact name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ingestion_orchestration_fastapi_app.domain.search.cities import (
    City,
    CityNames,
    NamedCities,
    Spelling,
)
from ingestion_orchestration_fastapi_app.domain.search.sentence.date_words import words_of
from utils.text.folded import folded
from utils.text.unmarked import name_key

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 6  # of a name
_YEAR_DIGITS = 4
_IN = frozenset({"in"})
_OF_PERSONS_TOO = frozenset({"from", "aus", "bei", "near", "nahe"})
_GERMAN_ONLY = frozenset({"aus", "bei", "nahe"})
_NEAR = frozenset({"near", "nahe", "bei", "nähe"})
_PHRASES = (
    ("in", "der", "nähe", "von"),
    ("in", "the", "city", "of"),
    ("in", "der", "stadt"),
    ("near", "to"),
    ("close", "to"),
    ("nähe", "von"),
)
# What may stand between the preposition and the name, and means its surroundings.
_PARTS = words_of(
    "downtown central greater inner old north south east west northern southern eastern western"
)
_PARTS_BEHIND = words_of(
    "mitte nord süd sued ost west altstadt neustadt innenstadt stadtmitte zentrum city wedding"
)
_DISTRICT = re.compile(
    r"(?:feld|berg|burg|dorf|hausen|heim|ingen|stadt|furt|bach|kirchen|hof|wald|tal|horst|moor|see)$"
)
_BETWEEN = re.compile(r"[ .'’\-–(/]{1,2}")
# With one of these behind it a city's name says what something is like, not where it is.
_NOT_BEFORE = words_of(
    "fashion shirt shirts tshirt jersey jerseys jacket jackets hat hats cap caps uniform "
    "uniforms costume costumes dress dresses kit scarf boots shoes style sauce salad sausage "
    "cheese trikot trikots hemd jacke hut mütze kostüm kleid schal stil art jeans pants "
    "shorts skirt suit sweater hoodie tee gear leather sunglasses wrap wrapper ham beans "
    "sprouts sandwich brötchen position"
)
_AND = words_of("and or und oder")
# What may follow a name that is a word, too: the phrase is over.
_ENDS = words_of(
    "in on at with and or from near by for during last this to before after since of "
    "yesterday today bei mit auf am im an und oder von vom zu zum zur unter über aus nahe "
    "beim letzten letzte letzter letztes gestern heute vor seit nach while when where"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A city, and where the text names it, the preposition included."""

    begin: int
    end: int
    city: City
    others: tuple[City, ...]
    near: bool


@dataclass(frozen=True, slots=True)
class _Word:
    begin: int
    end: int
    text: str

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def has_capital(self) -> bool:
        return self.text[:1].isupper() or self.text[:1].isdigit()


def place_in(text: str, names: CityNames, *, taken: tuple[tuple[int, int], ...]) -> Named | None:
    """The first one. `taken`: parts of the text that say something else."""
    words = [_Word(found.start(), found.end(), found[0]) for found in _WORD.finditer(text)]
    written_in_capitals = _is_title(words)
    for index in range(len(words)):
        start = _behind_preposition(words, index)
        if start is None:
            continue
        for first in (start, start + 1):
            if first > start and (first >= len(words) or words[start].lower not in _PARTS):
                break
            found = _longest(text, words, index, first, names, taken, written_in_capitals)
            if found is not None:
                return found
    return None


def _behind_preposition(words: list[_Word], index: int) -> int | None:
    """Where a name may begin, if a preposition begins at `index`."""
    for phrase in _PHRASES:
        following = tuple(word.lower for word in words[index : index + len(phrase)])
        if following == phrase:
            return index + len(phrase)
    return index + 1 if words[index].lower in _IN | _OF_PERSONS_TOO else None


def _longest(
    text: str,
    words: list[_Word],
    preposition: int,
    first: int,
    names: CityNames,
    taken: tuple[tuple[int, int], ...],
    in_capitals: bool,
) -> Named | None:
    for count in range(min(_MOST_WORDS, len(words) - first), 0, -1):
        used = words[first : first + count]
        if not _hang_together(text, used) or any(
            begin < used[-1].end and used[0].begin < end for begin, end in taken
        ):
            continue
        key = " ".join(folded(word.text) for word in used)
        found = names.named(key)
        if found is None:
            continue
        rest = words[first + count :]
        qualified = _qualified(text, used[-1].end, rest, key, names)
        if qualified is not None:
            cities, end = qualified
        elif _is_meant(text, words[preposition], used, rest, found, names, in_capitals):
            cities, end = found.cities, used[-1].end
        else:
            continue
        if text[end : end + 1] == ")" and "(" in text[used[0].begin : end]:
            end += 1
        elif text[end : end + 1] in ("-", "–"):
            end = rest[0].end  # Berlin-Mitte
        near = words[preposition].lower in _NEAR or (
            first - preposition > 1 and _is_near(words[preposition:first])
        )
        return Named(words[preposition].begin, end, cities[0], cities[1:], near)
    return None


def _is_near(words: list[_Word]) -> bool:
    return any(word.lower in _NEAR | {"close"} for word in words)


def _hang_together(text: str, words: list[_Word]) -> bool:
    return all(_BETWEEN.fullmatch(text[one.end : other.begin]) for one, other in pairwise(words))


def _qualified(
    text: str, end: int, rest: list[_Word], key: str, names: CityNames
) -> tuple[tuple[City, ...], int] | None:
    """The namesakes in the country or state that is named behind, and where that ends."""
    for count in range(min(3, len(rest)), 0, -1):
        used = rest[:count]
        gap = text[end : used[0].begin]
        if gap not in (", ", ",", " ", " (", " in ") or not _hang_together(text, used):
            continue
        found = names.named(key, within=name_key(text[used[0].begin : used[-1].end]))
        if found is not None:
            return found.cities, used[-1].end
    return None


def _is_meant(
    text: str,
    preposition: _Word,
    used: list[_Word],
    rest: list[_Word],
    found: NamedCities,
    names: CityNames,
    in_capitals: bool,
) -> bool:
    end = used[-1].end
    if text[end : end + 2].lower() in ("'s", "’s") or (rest and rest[0].lower in _NOT_BEFORE):
        return False
    if text[end : end + 1] in ("-", "–") and not _names_a_part(end, rest, names):
        return False
    if found.is_first_name and preposition.lower in _OF_PERSONS_TOO:
        return False
    if found.spelling is Spelling.ANY:
        return True
    if not all(word.has_capital for word in used if len(word.text) > 3) or in_capitals:
        return False
    if not used[0].has_capital:
        return False
    if found.spelling is Spelling.CAPITAL:
        return True
    return (
        preposition.lower not in _GERMAN_ONLY
        and _phrase_is_over(text, end, rest)
        and not _goes_with_a_thing(rest, names)
    )


def _names_a_part(end: int, rest: list[_Word], names: CityNames) -> bool:
    """Berlin-Mitte, Hamburg-Altona and Köln-Ehrenfeld, but not Berlin-style, nor Berlin-Schal."""
    if not rest or rest[0].begin != end + 1 or not rest[0].has_capital:
        return False
    part = rest[0].lower
    if part in _PARTS_BEHIND or _DISTRICT.search(part) is not None:
        return True
    return names.named(folded(part)) is not None


def _phrase_is_over(text: str, end: int, rest: list[_Word]) -> bool:
    return (
        not rest
        or text[end : rest[0].begin].strip() != ""
        or (
            rest[0].lower in _ENDS
            or (rest[0].text.isdecimal() and len(rest[0].text) == _YEAR_DIGITS)
        )
    )


def _goes_with_a_thing(rest: list[_Word], names: CityNames) -> bool:
    """In Essen und Trinken, but not in Essen und Bochum, nor in Nice and from above."""
    if len(rest) < 2 or rest[0].lower not in _AND:
        return False
    return rest[1].lower not in _ENDS and names.named(folded(rest[1].text)) is None


def _is_title(words: list[_Word]) -> bool:
    """Each Word Has a Capital: that of a name says nothing then."""
    if any(word.text[:1].isupper() and word.lower in _IN | _OF_PERSONS_TOO for word in words[1:]):
        return True
    if all(word.text.isupper() for word in words):
        return True
    rest = [word for word in words[1:] if len(word.text) > 3 or word.lower in _IN]
    return len(rest) > 1 and all(word.has_capital for word in rest)
