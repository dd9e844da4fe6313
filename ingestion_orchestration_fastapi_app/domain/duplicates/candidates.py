"""Which images may be the same picture: by near hashes, proportions, times and cameras."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Grouping
from ingestion_orchestration_fastapi_app.domain.duplicates.hash_search import (
    MOST_BITS,
    near_pairs,
    turned_hashes,
)
from ingestion_orchestration_fastapi_app.domain.duplicates.images import (
    NO_CAMERA,
    Images,
)
from utils.contract.duplicates.options import DuplicateClass

MOST_COMPARED = 32  # pictures that one is compared with
MOST_PAIRS = 4_000_000  # of hashes: 40 MB
_QUARTERS = 4
_SAME_MOMENT_US = 1_000_000  # a copy may have lost the fractions of its second
_ROUNDING = 1.5  # pixels of a side, of what was resized


@dataclass(frozen=True, slots=True)
class NearHash:
    """Place among the different hashes, and by how many quarters its pictures are turned."""

    place: int
    quarters: int


@dataclass
class SamePictureCandidates:
    """Looks up, of image after image in their order, those before it that it may be the same
    picture as, the nearest first. Only leaders, and who is alone, are compared with.

    `left_out`: so many images were like more others than are compared.
    """

    images: Images
    grouping: Grouping
    left_out: int = 0
    _hashes: npt.NDArray[np.int64] = field(init=False)  # of each image its place among them
    _starts: npt.NDArray[np.int64] = field(init=False)
    _near: npt.NDArray[np.int32] = field(init=False)
    _turns: npt.NDArray[np.int8] = field(init=False)
    _leaders: defaultdict[int, list[int]] = field(init=False)
    pairs_left_out: bool = False

    @classmethod
    def found(cls, images: Images, grouping: Grouping, *, most_bits: int) -> SamePictureCandidates:
        """Blocking: seconds for 100,000 images."""
        made = cls(images, grouping)
        unique, made._hashes = np.unique(images.phash, return_inverse=True)
        made._leaders = defaultdict(list)
        ones: list[npt.NDArray[np.int32]] = []
        others: list[npt.NDArray[np.int32]] = []
        turns: list[npt.NDArray[np.int8]] = []
        count = 0
        for quarters in range(_QUARTERS):
            asked = turned_hashes(unique, quarters) if quarters else unique
            bits = MOST_BITS if quarters else most_bits  # a turned hash is known but for some bits
            for one, other in near_pairs(unique, asked, most_bits=bits):
                count += len(one)
                if count > MOST_PAIRS:
                    made.pairs_left_out = True
                    break
                ones.append(one.astype(np.int32))
                others.append(other.astype(np.int32))
                turns.append(np.full(len(one), quarters, np.int8))
            if made.pairs_left_out:
                break
        one = np.concatenate([*ones, np.zeros(0, np.int32)])
        order = np.argsort(one, kind="stable")  # of each those first that were found first
        made._near = np.concatenate([*others, np.zeros(0, np.int32)])[order]
        made._turns = np.concatenate([*turns, np.zeros(0, np.int8)])[order]
        made._starts = np.searchsorted(one[order], np.arange(len(unique) + 1))
        return made

    def of(self, place: int) -> list[tuple[int, int]]:
        """Places, and by how many quarters the image is turned to be as they are."""
        found: list[tuple[int, int]] = []
        for near in self._near_hashes(int(self._hashes[place])):
            for leader in self._leaders[near.place]:
                if may_be_same(self.images, place, leader, quarters=near.quarters):
                    if len(found) == MOST_COMPARED:
                        self.left_out += 1
                        return found
                    found.append((leader, near.quarters))
        return found

    def _near_hashes(self, number: int) -> Iterator[NearHash]:
        yield NearHash(number, 0)
        for at in range(int(self._starts[number]), int(self._starts[number + 1])):
            if int(self._near[at]) in self._leaders:
                yield NearHash(int(self._near[at]), int(self._turns[at]))

    def passed(self, place: int) -> None:
        """It was compared: unless it is another's, later ones are compared with it."""
        if self.grouping.leader(DuplicateClass.SAME_PICTURE, place) in (None, place):
            self._leaders[int(self._hashes[place])].append(place)


def may_be_same(images: Images, one: int, other: int, *, quarters: int) -> bool:
    """Whether nothing that they say speaks against it."""
    width, height = int(images.width[one]), int(images.height[one])
    if quarters % 2:
        width, height = height, width
    theirs = int(images.width[other]), int(images.height[other])
    rounding = _ROUNDING * max(width, height, *theirs)
    if abs(width * theirs[1] - height * theirs[0]) > rounding:
        return False
    cameras = int(images.camera[one]), int(images.camera[other])
    if NO_CAMERA not in cameras and cameras[0] != cameras[1]:
        return False
    if images.source[one] != images.source[other] or not (
        images.is_dated_at(one) and images.is_dated_at(other)
    ):
        return True
    return abs(int(images.taken_at[one]) - int(images.taken_at[other])) <= _SAME_MOMENT_US
