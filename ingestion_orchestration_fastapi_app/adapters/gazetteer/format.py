"""The file of cities: a zip of arrays, as numpy writes them, and texts joined by line ends."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

DATA = "cities.npz"
VERSION = 1
Numbers: TypeAlias = "NDArray[np.generic]"


class Flag(IntFlag):
    """What is special about a name."""

    COMMON = 1  # it is a word, too
    GIVEN = 2  # it is a person's name, too
    CAPITAL = 4  # nobody writes it without a capital, except by chance


@dataclass(frozen=True, slots=True)
class CountryTable:
    """By index: ISO 3166's codes of two letters, and English names."""

    codes: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cities:
    """Cities by index, those with more people first; names by key.

    `members[starts[i]:starts[i + 1]]` are the cities that `keys[i]` may mean, the likeliest first.
    A qualifier is a country's or an American state's name: its key, its country, and its region or
    -1.
    """

    names: list[str]
    latitude: NDArray[np.float32]
    longitude: NDArray[np.float32]
    population: NDArray[np.uint32]
    country: NDArray[np.uint8]
    region: NDArray[np.uint16]
    countries: CountryTable
    keys: list[str]
    flags: NDArray[np.uint8]
    starts: NDArray[np.uint32]
    members: NDArray[np.uint16]
    qualifiers: Sequence[tuple[str, int, int]]


def written(
    *,
    names: Sequence[str],
    countries: CountryTable,
    keys: Sequence[str],
    qualifiers: Sequence[tuple[str, int, int]],
    **numbers: Numbers,
) -> bytes:
    """The same bytes for the same cities."""
    file = io.BytesIO()
    arrays: dict[str, Any] = dict(
        version=np.array(VERSION, np.uint8),
        names=_joined(names),
        country_codes=_joined(countries.codes),
        country_names=_joined(countries.names),
        keys=_joined(keys),
        qualifier_keys=_joined([key for key, _, _ in qualifiers]),
        qualifier_country=np.array([country for _, country, _ in qualifiers], np.uint8),
        qualifier_region=np.array([region for _, _, region in qualifiers], np.int32),
        **numbers,
    )
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read(path: str) -> Cities:
    """Blocking. Raises ValueError for a file of another version."""
    with np.load(path, allow_pickle=False) as file:
        if int(file["version"]) != VERSION:
            raise ValueError(f"{path} is of version {int(file['version'])}, not {VERSION}")
        return Cities(
            names=_texts(file["names"]),
            latitude=file["latitude"],
            longitude=file["longitude"],
            population=file["population"],
            country=file["country"],
            region=file["region"],
            countries=CountryTable(_texts(file["country_codes"]), _texts(file["country_names"])),
            keys=_texts(file["keys"]),
            flags=file["flags"],
            starts=file["starts"],
            members=file["members"],
            qualifiers=[
                (key, int(country), int(region))
                for key, country, region in zip(
                    _texts(file["qualifier_keys"]),
                    file["qualifier_country"],
                    file["qualifier_region"],
                    strict=True,
                )
            ],
        )


def _joined(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def _texts(joined: NDArray[np.uint8]) -> list[str]:
    return joined.tobytes().decode().split("\n")
