"""Classes that need no look at pictures: by bytes, by names, by times and hashes."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

import numpy as np

from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Grouping, Places
from ingestion_orchestration_fastapi_app.domain.duplicates.images import (
    NO_CAMERA,
    Column,
    Images,
)
from utils.contract.duplicates.options import DuplicateClass

_NEIGHBOURS = 20  # that an image is compared with in time, as searches fold bursts


def group_same_bytes(images: Images, grouping: Grouping, *, dismissed: Collection[bytes]) -> None:
    """`dismissed`: contents whose copies are no duplicates."""
    for places in _equal(images.contents, np.arange(len(images))):
        if images.content_at(int(places[0])) not in dismissed:
            for place in places[1:].tolist():
                grouping.join(DuplicateClass.SAME_BYTES, place, int(places[0]))


def group_raw_jpeg(images: Images, grouping: Grouping) -> None:
    """The best that is no RAW stands for them: what is exported was made of it, or looks like it
    more than what a RAW holds for a preview.
    """
    standing = np.flatnonzero(grouping.standing(DuplicateClass.RAW_JPEG))
    for places in _equal(images.shot, standing):
        is_raw = images.is_raw[places]
        if not is_raw.any():
            continue
        leader = int(places[~is_raw][0]) if not is_raw.all() else int(places[0])
        for place in places.tolist():
            if place != leader:
                grouping.join(DuplicateClass.RAW_JPEG, place, leader)


def group_bursts(images: Images, grouping: Grouping, *, within_s: float, most_bits: int) -> None:
    """Each joins the group of the one taken last before it that it is like. When a file was written
    says nothing of that: a folder is copied in a moment.
    """
    kind = DuplicateClass.BURST
    places = np.flatnonzero(grouping.standing(kind) & images.is_dated & images.is_seen)
    places = places[np.argsort(images.taken_at[places], kind="stable")]
    before: deque[int] = deque(maxlen=_NEIGHBOURS)
    for place in places.tolist():
        for other in reversed(before):
            if int(images.taken_at[place]) - int(images.taken_at[other]) > within_s * 1_000_000:
                break
            if not _are_alike(images, place, other, most_bits):
                continue
            leader = grouping.leader(kind, other)
            if grouping.join(kind, place, other if leader is None else leader):
                break
        before.append(place)


def _are_alike(images: Images, one: int, other: int, most_bits: int) -> bool:
    cameras = int(images.camera[one]), int(images.camera[other])
    if NO_CAMERA not in cameras and cameras[0] != cameras[1]:
        return False
    return (int(images.phash[one]) ^ int(images.phash[other])).bit_count() <= most_bits


def _equal(column: Column, places: Places) -> Iterator[Places]:
    """Those of these places that have the same there, where they are several, in their order."""
    if len(places) == 0:
        return
    _, number = np.unique(column[places], return_inverse=True)
    order = np.argsort(number, kind="stable")
    cuts = np.flatnonzero(np.diff(number[order])) + 1
    for part in np.split(places[order], cuts):
        if len(part) > 1:
            yield part
