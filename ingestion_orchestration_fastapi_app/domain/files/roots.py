"""The life of a collection's roots: their ids, made once, and what re-pointing one changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    display_text,
    is_within,
    point_id,
    root_at,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.point import Point


def new_root(path: bytes, taken: Collection[UUID]) -> Root:
    """A root that is to be made at an absolute path. No two roots of a collection share an id.

    The id comes from the path alone, so that two imports at once make one root. A root that was
    re-pointed keeps the id of its first path: who comes there later gets another.
    """
    found = root_at(path)
    number = 1
    while found.id in taken:
        found = Root(root_at(b"%b\0%d" % (path, number)).id, path)  # no path holds a NUL
        number += 1
    return found


def moved_path(path: bytes, old: bytes, new: bytes) -> bytes:
    """Of a path that is within `old`: the same place within `new`."""
    below = path[len(old.rstrip(b"/")) :].lstrip(b"/")
    return new.rstrip(b"/") + b"/" + below if below else new


def relative_path(point: Point | StoredImage, identity: str) -> bytes | None:
    """The point's path below its root, told from its id alone: its root may have been anywhere.

    None: the id is not of this collection, root and path.
    """
    parts = _suffixes(point.path)
    return next((one for one in parts if point_id(identity, point.root_id, one) == point.id), None)


def repointed(point: Point, identity: str, root_path: bytes) -> Point | None:
    """The point as it is when its root is at `root_path`; None: it is so, or nobody can tell."""
    relative = relative_path(point, identity)
    if relative is None:
        return None
    path = root_path.rstrip(b"/") + b"/" + relative
    return (
        None if path == point.path else replace(point, path=path, display_path=display_text(path))
    )


def overlaps(roots: Sequence[Root], moves: Mapping[UUID, bytes]) -> Iterator[tuple[Root, Root]]:
    """Pairs that meet after the moves: one moves, the other stays. Which lies in which is open.

    A file in both belongs to the deeper one (`deepest_root`), so what the other has stored below
    would be found twice.
    """
    staying = [root for root in roots if root.id not in moves]
    for root in roots:
        if root.id in moves:
            moved = Root(root.id, moves[root.id])
            for other in staying:
                if is_within(moved.path, other.path) or is_within(other.path, moved.path):
                    yield moved, other


def _suffixes(path: bytes) -> Iterator[bytes]:
    """What follows each slash; the longest first."""
    at = path.find(b"/")
    while at >= 0:
        yield path[at + 1 :]
        at = path.find(b"/", at + 1)
