"""Where the folders of an export are on this machine, as roots of a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_within,
    point_id,
)
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path, new_root
from ingestion_orchestration_fastapi_app.domain.library.point import Point


def moved_root(root: Root, moves: Mapping[str, bytes]) -> tuple[Root, str | None]:
    """The root where it is now, and by which of the `moves`: old paths, as people see them, of it
    or of a folder above it. None: it has not moved.
    """
    shown = display_text(root.path)
    if shown in moves:
        return replace(root, path=moves[shown]), shown
    above = [old for old in moves if is_within(root.path, old.encode("utf-8", "surrogateescape"))]
    if not above:
        return root, None
    old = max(above, key=len)
    path = moved_path(root.path, old.encode("utf-8", "surrogateescape"), moves[old])
    return replace(root, path=path), old


def roots_to_add(wanted: Sequence[Root], known: Sequence[Root]) -> list[Root]:
    """Those that the collection lacks, the deepest first, so that who is cut off and goes on adds
    the others, too. An id stays as it is where no other root has it.
    """
    added: list[Root] = []
    for root in sorted(wanted, key=lambda one: -len(one.path)):
        taken = {one.id for one in (*known, *added)}
        is_there = any(one.path == root.path for one in added)
        if is_there or deepest_root(root.path, known) is not None:
            continue
        added.append(root if root.id not in taken else new_root(root.path, taken))
    return added


def placed(
    point: Point, *, old: Root, new: Root, roots: Sequence[Root], identity: str
) -> tuple[FileKey, Point] | None:
    """The point as it is in a collection with that identity and these roots; its file lay in the
    old root, and lies in the new one. None: in none of them.
    """
    path = new.path.rstrip(b"/") + b"/" + point.path[len(old.path.rstrip(b"/")) + 1 :]
    root = deepest_root(path, roots)
    if root is None or root.path == path:
        return None
    relative = path[len(root.path.rstrip(b"/")) + 1 :]
    placed_point = replace(
        point,
        id=point_id(identity, root.id, relative),
        root_id=root.id,
        path=path,
        display_path=display_text(path),
        filename=display_text(path.rpartition(b"/")[2]),
    )
    return FileKey(root.id, relative), placed_point
