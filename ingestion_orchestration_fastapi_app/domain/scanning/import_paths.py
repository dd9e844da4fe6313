"""The folders and files of one import, where some of them lie in others: each file counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.domain.scanning.folder_order import newest_first


class PassesOver(Protocol):
    """Whether a scan of the folder `below` does not come to a path in it."""

    def __call__(self, path: bytes, *, below: bytes, is_folder: bool) -> bool: ...


def merged(
    paths: Iterable[ImportPath], *, recursive: bool, passes_over: PassesOver
) -> tuple[ImportPath, ...]:
    """Without those that the scan of another one meets. Files first, folders outermost first."""
    once = dict.fromkeys(paths)
    folders: list[ImportPath] = []
    for one in sorted((one for one in once if not one.is_file), key=lambda one: one.path):
        if not (recursive and _is_met(one, folders, passes_over)):
            folders.append(one)
    files = [
        one
        for one in once
        if one.is_file
        and not _is_met(
            one,
            [each for each in folders if recursive or each.path == one.folder],
            passes_over,
        )
    ]
    return (*files, *folders)


def in_order(paths: Iterable[ImportPath], mtimes_ns: Mapping[bytes, int]) -> tuple[ImportPath, ...]:
    """Files as they were named, then the folders, the newest first."""
    kept = list(paths)
    folders = newest_first((one.path, mtimes_ns[one.path]) for one in kept if not one.is_file)
    files = [one for one in kept if one.is_file]
    return (*files, *(ImportPath(path, is_file=False) for path in folders))


def _is_met(path: ImportPath, folders: Iterable[ImportPath], passes_over: PassesOver) -> bool:
    return any(
        is_within(path.path, one.path)
        and not passes_over(path.path, below=one.path, is_folder=not path.is_file)
        for one in folders
    )
