"""Groups of duplicates as they are kept, and what people say and decide about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass
from utils.problems import ValidationProblem

MOST_DISMISSED = 200_000  # contents that a collection's dismissals name
MOST_DECIDED = 200_000  # decisions of a collection, and likewise files that are not needed


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group. `sha256`: the content by which it got there. `decision`: of people."""

    point_id: UUID
    sha256: bytes
    decision: Decision = Decision.UNDECIDED


@dataclass(frozen=True, slots=True)
class NewGroup:
    """`members`: the one to keep first."""

    kind: DuplicateClass
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """`count`: images of it that are there still, with the same content; `bytes_in_all`: of their
    files. `undecided`: of how many nobody has decided; none where one at the most is needed.
    `members`: some of these, the one to keep first.
    """

    id: int
    kind: DuplicateClass
    count: int
    bytes_in_all: int
    undecided: int
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
    """By class, of groups with two images or more: how many groups, and images in them. `decided`:
    groups that are, and are listed; `over`: that are not listed any more, since they are.
    """

    groups: Mapping[DuplicateClass, int]
    images: Mapping[DuplicateClass, int]
    decided: Mapping[DuplicateClass, int]
    over: Mapping[DuplicateClass, int]


@dataclass(frozen=True, slots=True)
class UnneededFile:
    """A file that somebody decided is not needed. `id`: its place in the list. `of_file`: this one
    among others of its bytes, else every file of them. `kept_path`: of what is kept instead.
    """

    id: int
    point_id: UUID
    sha256: bytes
    path: str
    size_bytes: int
    kept_path: str
    of_file: bool


def is_of_file(kind: DuplicateClass) -> bool:
    """Whether a decision in such a group is about one file. Else it is about a content, with every
    file of it: files of one content cannot be told apart by it.
    """
    return kind is DuplicateClass.SAME_BYTES


def open_images(count: int, *, kept: int, not_needed: int) -> int:
    """Of so many images of a group nobody has decided: of none where one at the most is needed."""
    return 0 if count - not_needed < 2 else count - kept - not_needed


def check_decided(decisions: int, files: int) -> None:
    """Raises ValidationProblem where a collection has more than are kept."""
    if max(decisions, files) > MOST_DECIDED:
        raise ValidationProblem(
            f"More than {MOST_DECIDED:,} decisions about duplicates, or files that are not "
            "needed, are kept of no collection: empty the list first."
        )
