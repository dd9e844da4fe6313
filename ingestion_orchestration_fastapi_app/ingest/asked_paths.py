"""From the folders and files that somebody names to what one import scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    root_at,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.scanning.import_paths import in_order, merged
from ingestion_orchestration_fastapi_app.errors import DirectoryNotAllowed, DirectoryNotFound
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.library import Library


async def asked_paths(
    allowed: AllowedRoots,
    library: Library,
    texts: Iterable[str],
    *,
    recursive: bool,
    roots: Sequence[Root],
) -> tuple[ImportPath, ...]:
    """Without links, each as the collection of these roots knows it, in the order of the scan.

    What lies in another one is left out: the scan of that meets it.

    Raises:
        DirectoryNotAllowed: one lies outside what may be imported, or is a file that every import
            passes over.
        DirectoryNotFound: one is not there, or is neither a folder nor a file.
    """
    mtimes_ns: dict[bytes, int] = {}
    found: list[ImportPath] = []
    known = list(roots)
    for text in texts:
        path, mtime_ns = await allowed.path(text)
        if path.is_file and library.passes_over(path.path, below=path.folder, is_folder=False):
            raise DirectoryNotAllowed(
                f"{text} is passed over by every import, for its name: see EXCLUDE_PATTERNS."
            )
        path = await _known_as(allowed, library, path, known)
        if deepest_root(path.folder, known) is None:
            known.append(root_at(path.folder))
        mtimes_ns[path.path] = mtime_ns
        found.append(path)
    once = merged(found, recursive=recursive, passes_over=library.passes_over)
    return in_order(once, mtimes_ns)


async def _known_as(
    allowed: AllowedRoots, library: Library, path: ImportPath, roots: Sequence[Root]
) -> ImportPath:
    """One folder has one path, so that no picture is there twice."""
    known = await library.known_as(path.folder, roots)
    if known == path.folder or not allowed.allows(known):
        return path
    if path.is_file:
        known = known.rstrip(b"/") + b"/" + path.path.rpartition(b"/")[2]
    return replace(path, path=known)


async def add_roots(
    collections: Collections, collection: CollectionRecord, paths: Iterable[ImportPath]
) -> None:
    """The outermost first, so that no folder is a root of its own that lies in another."""
    for folder in sorted({path.folder for path in paths}):
        now = await collections.by_id(collection.id)
        await collections.roots.add(now, folder)


def folders_only(paths: Iterable[ImportPath]) -> list[bytes]:
    """Raises DirectoryNotFound where a file is among them."""
    folders: list[bytes] = []
    for one in paths:
        if one.is_file:
            raise DirectoryNotFound(
                f"{display_text(one.path)} is a file: only folders can be watched."
            )
        folders.append(one.path)
    return folders
