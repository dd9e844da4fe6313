"""Groups of images while they are found: by class, each around its first member."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from utils.contract.duplicates.options import DuplicateClass

Places = npt.NDArray[np.int64]
_CLASSES = list(DuplicateClass)
_ALONE = -1


class Grouping:
    """Of images by their places. In each class an image is in one group at most.

    A group has one member that stands for it in looser classes (its leader): so two images are
    together in one class only, the strictest. `dismissed` says of places in which sets of contents
    they are that are no duplicates of each other: two of one set never get into one group.
    """

    def __init__(self, count: int, dismissed: Mapping[int, frozenset[int]]) -> None:
        self._leaders = {one: np.full(count, _ALONE, np.int32) for one in _CLASSES}
        self._dismissed = dismissed
        self._sets: defaultdict[tuple[DuplicateClass, int], set[int]] = defaultdict(set)
        self.joins = array("i")  # class, member, leader: all that it takes to make it anew

    def standing(self, kind: DuplicateClass) -> npt.NDArray[np.bool_]:
        """Those that are compared in a class: all but who is stood for in a stricter one."""
        stands = np.ones(len(self._leaders[kind]), np.bool_)
        for stricter in _CLASSES[: _CLASSES.index(kind)]:
            leaders = self._leaders[stricter]
            stands &= (leaders == _ALONE) | (leaders == np.arange(len(leaders)))
        return stands

    def leader(self, kind: DuplicateClass, place: int) -> int | None:
        """None of one that is in no group."""
        found = int(self._leaders[kind][place])
        return None if found == _ALONE else found

    def are_alone(self, kind: DuplicateClass, places: Places) -> npt.NDArray[np.bool_]:
        """Of each place whether it is in no group."""
        alone: npt.NDArray[np.bool_] = self._leaders[kind][places] == _ALONE
        return alone

    def join(self, kind: DuplicateClass, member: int, leader: int) -> bool:
        """The member is in no group of the class, the leader in none or its own. False: somebody
        said of two of them that they are no duplicates.
        """
        leaders = self._leaders[kind]
        assert member != leader
        assert leaders[member] == _ALONE
        assert leaders[leader] in (_ALONE, leader)
        sets = self._dismissed.get(member, frozenset())
        there = self._sets[kind, leader] | self._dismissed.get(leader, frozenset())
        if sets & there:
            return False
        if sets or there:
            self._sets[kind, leader] = there | sets
        leaders[leader] = leader
        leaders[member] = leader
        self.joins.extend((_CLASSES.index(kind), member, leader))
        return True

    def replay(self, joins: Iterable[int]) -> None:
        """As they were made; before anything else is joined."""
        numbers = list(joins)
        for kind, member, leader in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            self.join(_CLASSES[kind], member, leader)

    def groups(self, kind: DuplicateClass) -> Iterator[list[int]]:
        """Places in their order, each group's first member the one to keep; ordered by that."""
        grouped = np.flatnonzero(self._leaders[kind] != _ALONE)
        leaders = self._leaders[kind][grouped]
        order = np.argsort(leaders, kind="stable")
        grouped, leaders = grouped[order], leaders[order]
        cuts = np.flatnonzero(np.diff(leaders)) + 1
        found = [part.tolist() for part in np.split(grouped, cuts)] if len(grouped) else []
        yield from sorted(found)
