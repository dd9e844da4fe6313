"""What is asked of an import: its options, beside the folders and files that it reads."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    ImportPath,
    JobRequest,
    Origin,
)

INGEST = "ingest"
FILES_LANE = "files"  # of what changes a collection's files and points


class IngestOptions(BaseModel):
    """As a job of the kind `ingest` keeps them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recursive: bool = True
    captions: bool = False
    force: bool = False
    sync: bool = False
    confirm_deletes: bool = False


def import_request(
    collection: str,
    directory: bytes,
    options: IngestOptions | None = None,
    *,
    folders: tuple[bytes, ...] = (),
    paths: tuple[ImportPath, ...] = (),
    origin: Origin = Origin.REQUEST,
    retry_of: str | None = None,
) -> JobRequest:
    """`directory` is absolute and lies in a root of the collection, or is one.

    Where there are `folders` (absolute, in the directory), only what lies right in them is looked
    at. Where there are `paths`, the directory is the first of them. `retry_of` names the ended job
    whose failed files, and no others, are.
    """
    return JobRequest(
        collection,
        INGEST,
        FILES_LANE,
        (options or IngestOptions()).model_dump(),
        directory=directory,
        folders=folders,
        paths=paths,
        origin=origin,
        retry_of=retry_of,
    )


@dataclass(frozen=True, slots=True)
class ScanPart:
    """A folder that an import lists, with what lies deeper or without.

    `top` is the folder that was asked for: this one, or one above it. Where there are `names`,
    only these files right in the folder are looked at.
    """

    folder: bytes
    recursive: bool
    top: bytes
    names: frozenset[bytes] | None = None


def scanned_parts(request: JobRequest, *, recursive: bool) -> tuple[ScanPart, ...]:
    """What an import scans, in this order. Each folder with files that were named is one part."""
    if request.folders:
        top = request.directory
        return tuple(ScanPart(folder, recursive=False, top=top) for folder in request.folders)
    paths = request.paths or (ImportPath(request.directory, is_file=False),)
    names: dict[bytes, set[bytes]] = {}
    for one in paths:
        if one.is_file:
            names.setdefault(one.folder, set()).add(one.path.rpartition(b"/")[2])
    named = [ScanPart(one, recursive=False, top=one, names=frozenset(names[one])) for one in names]
    folders = [one.path for one in paths if not one.is_file]
    return (*named, *(ScanPart(one, recursive, one) for one in folders))


def whole_parts(request: JobRequest, *, recursive: bool) -> tuple[ScanPart, ...]:
    """Those that are listed whole: what is not met in them is not there."""
    parts = scanned_parts(request, recursive=recursive)
    return tuple(one for one in parts if one.names is None)
