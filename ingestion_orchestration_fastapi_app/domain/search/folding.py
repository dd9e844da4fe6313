"""Folding: what is one picture to a person becomes one result, which says what it stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from utils.contract.images import Format
from utils.text.folded import folded

BURST_WITHIN = timedelta(seconds=2)  # from one picture to the next
BURST_BITS = 10  # of 64 in which the perceptual hashes of a burst's pictures differ at most
_NEIGHBOURS = 20  # that are compared in time: what bounds the work


class Foldable(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def sha256(self) -> bytes: ...
    @property
    def path(self) -> bytes: ...
    @property
    def format(self) -> str: ...
    @property
    def taken_at(self) -> datetime | None: ...
    @property
    def phash(self) -> int: ...


_RAW = frozenset(known.value for known in Format if known.is_raw)
_One = TypeVar("_One", bound=Foldable)


@dataclass(frozen=True, slots=True)
class Fold:
    """Which of them become one result.

    `copies`: files of the same bytes. `pairs`: a RAW file and another of the same folder and name
    but for the extension. `bursts`: taken within two seconds of one another, and alike.
    """

    copies: bool = False
    pairs: bool = False
    bursts: bool = False

    def __bool__(self) -> bool:
        return self.copies or self.pairs or self.bursts


NO_FOLD = Fold()


@dataclass(frozen=True, slots=True)
class Folded(Generic[_One]):
    """`first` is shown, and stands for itself and `others`."""

    first: _One
    others: tuple[_One, ...] = ()

    @property
    def all(self) -> tuple[_One, ...]:
        return (self.first, *self.others)


def fold(ordered: Sequence[_One], by: Fold) -> list[Folded[_One]]:
    """In the order given: a group stands where its first member does."""
    leader = list(range(len(ordered)))

    def root(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        leader[high] = low

    if by.copies:
        _join_equal(ordered, lambda one: one.sha256, join)
    if by.pairs:
        _join_pairs(ordered, join)
    if by.bursts:
        _join_bursts(ordered, join)
    groups: defaultdict[int, list[_One]] = defaultdict(list)
    for at, one in enumerate(ordered):
        groups[root(at)].append(one)
    return [Folded(members[0], tuple(members[1:])) for members in groups.values()]


def _join_equal(
    ordered: Sequence[_One], key: Callable[[_One], Hashable], join: Callable[[int, int], None]
) -> None:
    first: dict[Hashable, int] = {}
    for at, one in enumerate(ordered):
        join(first.setdefault(key(one), at), at)


def _join_pairs(ordered: Sequence[_One], join: Callable[[int, int], None]) -> None:
    shots: defaultdict[tuple[bytes, str], list[int]] = defaultdict(list)
    for at, one in enumerate(ordered):
        shots[shot_of(one.path)].append(at)
    for places in shots.values():
        raws = [at for at in places if is_raw(ordered[at].format)]
        if raws:
            for at in places:
                join(raws[0], at)


def _join_bursts(ordered: Sequence[_One], join: Callable[[int, int], None]) -> None:
    in_time = sorted(_dated(ordered))
    for place, (taken_at, at) in enumerate(in_time):
        for later, other in in_time[place + 1 : place + 1 + _NEIGHBOURS]:
            if later - taken_at > BURST_WITHIN:
                break
            if (ordered[at].phash ^ ordered[other].phash).bit_count() <= BURST_BITS:
                join(at, other)


def _dated(ordered: Sequence[Foldable]) -> Iterable[tuple[datetime, int]]:
    return ((one.taken_at, at) for at, one in enumerate(ordered) if one.taken_at is not None)


def shot_of(path: bytes) -> tuple[bytes, str]:
    """What files of one shot have in common: the folder, and the name but for the extension."""
    folder, _, name = path.rpartition(b"/")
    stem = name.rpartition(b".")[0] or name
    return folder, folded(stem.decode("utf-8", "surrogateescape"))


def is_raw(name: str) -> bool:
    """Of a format's name."""
    return name in _RAW
