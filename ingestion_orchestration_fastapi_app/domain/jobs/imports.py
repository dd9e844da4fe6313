"""What is asked of an import: its options, beside the folder that every request may name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest, Origin

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
    origin: Origin = Origin.REQUEST,
    retry_of: str | None = None,
) -> JobRequest:
    """`directory` is absolute and lies in a root of the collection, or is one.

    Where there are `folders` (absolute, in the directory), only what lies right in them is looked
    at. `retry_of` names the ended job whose failed files, and no others, are.
    """
    return JobRequest(
        collection,
        INGEST,
        FILES_LANE,
        (options or IngestOptions()).model_dump(),
        directory=directory,
        folders=folders,
        origin=origin,
        retry_of=retry_of,
    )


def scanned_parts(request: JobRequest, *, recursive: bool) -> tuple[tuple[bytes, bool], ...]:
    """What an import scans: folders, and whether with what lies deeper."""
    if request.folders:
        return tuple((folder, False) for folder in request.folders)
    return ((request.directory, recursive),)
