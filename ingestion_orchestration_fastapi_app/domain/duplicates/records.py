"""Groups of duplicates as they are kept, and what people say against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from utils.contract.duplicates.options import DuplicateClass

MOST_DISMISSED = 200_000  # contents that a collection's dismissals name


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group. `sha256`: the content by which it got there."""

    point_id: UUID
    sha256: bytes


@dataclass(frozen=True, slots=True)
class NewGroup:
    """`members`: the one to keep first."""

    kind: DuplicateClass
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """`count`: images of it that are there still, with the same content; `bytes_in_all`: of their
    files. `members`: some of these, the one to keep first.
    """

    id: int
    kind: DuplicateClass
    count: int
    bytes_in_all: int
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class SearchRun:
    """The search whose groups are shown: the last that a job of the collection ended."""

    id: int
    job_id: str
    images: int  # that were looked at
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Contents of which somebody said that they are no duplicates of each other; of one content:
    that its copies are none. `name`: of one of the files, for people.
    """

    id: int
    contents: Sequence[bytes]
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """By class, of groups with two images or more: how many groups, and images in them."""

    groups: Mapping[DuplicateClass, int]
    images: Mapping[DuplicateClass, int]
