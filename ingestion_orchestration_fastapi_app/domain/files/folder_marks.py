"""What somebody has said of a folder of a collection: it is not shown, or not taken in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root

MOST_MARKS = 500  # of a collection; each is a condition of every search


class Mark(StrEnum):
    """`hidden`: its points are not shown. `excluded`: there are none, and no import makes any."""

    HIDDEN = "hidden"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """`path` is relative to the root, and empty for the root itself: so a root that is re-pointed
    takes along what was said of its folders.
    """

    root_id: UUID
    path: bytes


@dataclass(frozen=True, slots=True)
class MarkedFolder:
    """`is_done`: nothing is left to be removed for it."""

    place: FolderPlace
    mark: Mark
    at: datetime
    is_done: bool = True


def place_of(folder: bytes, roots: Iterable[Root]) -> FolderPlace | None:
    """Of an absolute folder in one of the roots, the closest above it; None: it is in none."""
    root = deepest_root(folder, roots)
    if root is None:
        return None
    return FolderPlace(root.id, folder[len(root.path.rstrip(b"/")) + 1 :].rstrip(b"/"))


def absolute_folder(place: FolderPlace, roots: Iterable[Root]) -> bytes | None:
    """None where its root is no more."""
    root = next((one for one in roots if one.id == place.root_id), None)
    if root is None:
        return None
    return root.path.rstrip(b"/") + b"/" + place.path if place.path else root.path


def marked_folders(
    marks: Iterable[MarkedFolder], roots: Sequence[Root], mark: Mark
) -> tuple[bytes, ...]:
    """Absolute, by path."""
    found = (absolute_folder(one.place, roots) for one in marks if one.mark is mark)
    return tuple(sorted(folder for folder in found if folder is not None))
