"""What a job was asked for, where its folders are now: roots may be re-pointed after it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, is_within
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest


def moved_request(
    request: JobRequest, root: Root, roots: Sequence[Root], path: bytes
) -> JobRequest:
    """With what belongs to the root, one of all `roots`, at its place in `path`."""

    def place(one: bytes) -> bytes:
        return moved_path(one, root.path, path) if deepest_root(one, roots) == root else one

    directory, folders = place(request.directory), request.folders
    if directory != request.directory:  # also those in roots below it, which go along
        folders = tuple(
            moved_path(one, root.path, path) if is_within(one, root.path) else one
            for one in folders
        )
    paths = tuple(replace(one, path=place(one.path)) for one in request.paths)
    return replace(request, directory=directory, folders=folders, paths=paths)
