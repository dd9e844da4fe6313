"""Folders on the disk, as one who chooses what to import sees them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    display_text,
    folders_above,
    is_within,
)
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    INGEST,
    IngestOptions,
    ScanPart,
    whole_parts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.library.catalogue import FolderCount
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from utils.text.folded import folded


@dataclass(frozen=True, slots=True)
class FoldersBelow:
    """Absolute paths of the folders right in one. Not `is_whole` where there were too many, or not
    enough time.
    """

    paths: tuple[bytes, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class FolderLook:
    """`has_folders`: None where it is not known. `is_foreign`: another program's own."""

    has_folders: bool | None = None
    is_readable: bool = True
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """`images` of the collection are stored below it. `watched_by` and `job_id`: the watch and the
    unfinished import that cover it.
    """

    path: bytes
    look: FolderLook
    images: int = 0
    watched_by: bytes | None = None
    is_hidden: bool = False
    is_excluded: bool = False
    job_id: str | None = None


def in_order(folders: Iterable[bytes]) -> list[bytes]:
    """As people look for them: by the last name, without regard to case."""
    return sorted(folders, key=lambda path: (folded(display_text(last_name(path))), path))


def last_name(path: bytes) -> bytes:
    return path.rstrip(b"/").rpartition(b"/")[2]


def described(
    paths: Sequence[bytes],
    looks: Sequence[FolderLook],
    collection: CollectionRecord,
    counts: Iterable[FolderCount],
    unfinished: Iterable[JobRecord],
) -> list[DiskFolder]:
    """With what the collection has of each. Of many folders and images it takes a while."""
    images = images_below(paths, counts, collection.roots)
    hidden, excluded = collection.hidden, collection.excluded
    imports = [
        (job.id, part)
        for job in unfinished
        if job.collection_id == collection.id
        for part in _whole_parts(job)
    ]
    return [
        DiskFolder(
            path,
            look,
            images[path],
            watch_over(path, collection.watches),
            is_hidden=any(is_within(path, one) for one in hidden),
            is_excluded=any(is_within(path, one) for one in excluded),
            job_id=next((job_id for job_id, part in imports if _covers(part, path)), None),
        )
        for path, look in zip(paths, looks, strict=True)
    ]


def images_below(
    folders: Collection[bytes], counts: Iterable[FolderCount], roots: Sequence[Root]
) -> dict[bytes, int]:
    """Of each folder, with all that lies below it."""
    found = dict.fromkeys(folders, 0)
    for one in counts:
        path = absolute_folder(FolderPlace(one.root_id, one.path), roots)
        for above in () if path is None else (path, *folders_above(path)):
            if above in found:
                found[above] += one.images
    return found


def watch_over(folder: bytes, watches: Iterable[Watch]) -> bytes | None:
    """The closest watched folder by which changes right in the folder are picked up."""
    over = [
        one.directory
        for one in watches
        if one.directory == folder or (one.recursive and is_within(folder, one.directory))
    ]
    return max(over, key=len, default=None)


def _whole_parts(job: JobRecord) -> tuple[ScanPart, ...]:
    """The folders that an import takes in; of one that tries failed files again there are none."""
    if job.request.kind != INGEST or job.request.retry_of is not None:
        return ()
    options = IngestOptions.model_validate(job.request.options)
    return whole_parts(job.request, recursive=options.recursive)


def _covers(part: ScanPart, folder: bytes) -> bool:
    return folder == part.folder or (part.recursive and is_within(folder, part.folder))
