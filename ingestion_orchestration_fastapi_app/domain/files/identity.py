"""Who is who: ids of roots and points, names of collections, paths as text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from uuid import UUID, uuid5

from ingestion_orchestration_fastapi_app.domain.files.file import Root

NAMESPACE = UUID("9b1f8a52-6f0e-4f52-9d0a-3c1f2f0a7c11")  # never change: every id hangs on it

COLLECTION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def is_collection_name(name: str) -> bool:
    """Letters, digits, `_`, `.` and `-`, at most 63, not beginning with a mark."""
    return COLLECTION_NAME.fullmatch(name) is not None


def display_text(path: bytes) -> str:
    """The path as text that any JSON may carry; bytes that are no UTF-8 show as `\\xNN`."""
    return path.decode("utf-8", "backslashreplace")


def root_at(path: bytes) -> Root:
    """The root at an absolute path. The same path always has the same id, ledger or no ledger."""
    return Root(id=_uuid5(NAMESPACE, b"root\0" + path), path=path)


def new_identity(name: str, taken: Collection[str]) -> str:
    """The identity of a new collection: of its name, as long as no other one has it.

    A collection that was made under the name may have another one by now.
    """
    number = 0
    while True:
        said = f"collection\0{name}" + (f"\0{number}" if number else "")
        found = str(_uuid5(NAMESPACE, said.encode()))
        if found not in taken:
            return found
        number += 1


def point_id(identity: str, root_id: UUID, path: bytes) -> UUID:
    """UUIDv5 of a collection's identity, root and relative path.

    Of collections that are older than their identity, that is the name they had.
    """
    digest = _hashed_root(identity, root_id).copy()  # what a root's files share is hashed once
    digest.update(path if path.isascii() else _as_text(path).encode())
    return UUID(bytes=digest.digest()[:16], version=5)


def is_within(path: bytes, folder: bytes) -> bool:
    """True for the folder itself, too. Both are absolute and normalised."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def folders_above(path: bytes) -> Iterator[bytes]:
    """Every folder that an absolute path lies in; the deepest first."""
    while path.rstrip(b"/"):
        path = path.rstrip(b"/").rpartition(b"/")[0]
        yield path or b"/"


def deepest_root(path: bytes, roots: Iterable[Root]) -> Root | None:
    """The root that a path belongs to: the closest above it."""
    above = [root for root in roots if is_within(path, root.path)]
    return max(above, key=lambda root: len(root.path), default=None)


@lru_cache(maxsize=256)
def _hashed_root(identity: str, root_id: UUID) -> hashlib._Hash:
    prefix = root_id.bytes + _as_text(identity.encode() + b"\0").encode()
    return hashlib.sha1(prefix, usedforsecurity=False)


def _uuid5(namespace: UUID, name: bytes) -> UUID:
    return uuid5(namespace, _as_text(name))


def _as_text(name: bytes) -> str:
    # uuid5 takes bytes only from Python 3.12 on; latin-1 maps any bytes to text, one to one.
    return name.decode("latin-1")
