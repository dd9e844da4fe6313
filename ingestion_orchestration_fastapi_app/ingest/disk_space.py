"""Whether the disk has room for what a folder needs, said before the job starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from anyio import move_on_after

from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within, root_at
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanStalled
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository
from ingestion_orchestration_fastapi_app.ports.library import Library
from utils.contract import ErrorCode
from utils.problems import ServiceOverloaded

LOOK_S = 3.0  # a folder too large to be counted in this time is judged by what was counted
# A thumbnail in the cache (about 15 KB), a vector in cache and store with its payload (2 x 2 KB
# at 512 dimensions, 3 KB), a row of the ledger with its indexes (1 KB), and room for compaction.
BYTES_PER_IMAGE = 28 * 1024


async def check_space(
    files: FileRepository,
    library: Library,
    collection: CollectionRecord | None,
    parts: Sequence[ScanPart],
    *,
    is_image_name: Callable[[bytes], bool],
    free_bytes: int,
    keep_bytes: int,
) -> None:
    """Counts only files that the collection does not know yet.

    Raises:
        DiskFull: there is too little space.
        ServiceOverloaded: the folders cannot be looked at for want of descriptors or memory.
    """
    new_images = 0
    # The folders' own roots may have to be made by the job that this is about.
    own = [root_at(part.folder) for part in parts]
    roots = [*own, *(() if collection is None else collection.roots)]
    excluded = () if collection is None else collection.excluded
    with move_on_after(LOOK_S):
        async for group in _files_of(library, parts, roots, excluded=excluded):
            images = [file.key for file in group if is_image_name(file.path)]
            new_images += len(images)
            if collection is not None:
                new_images -= len(await files.recall(collection.id, images))
    needed_bytes = new_images * BYTES_PER_IMAGE
    if needed_bytes > free_bytes - keep_bytes:
        raise DiskFull(
            f"{new_images} new images need about {needed_bytes / 1e6:.0f} MB; the disk has "
            f"{free_bytes / 1e6:.0f} MB free, of which {keep_bytes / 1e6:.0f} MB stay free."
        )


async def _files_of(
    library: Library,
    parts: Sequence[ScanPart],
    roots: Sequence[Root],
    *,
    excluded: Sequence[bytes],
) -> AsyncIterator[list[File]]:
    for part in parts:
        if any(is_within(part.folder, one) for one in excluded):
            continue
        scan = library.scan(
            part.folder,
            recursive=part.recursive,
            roots=roots,
            names=part.names,
            excluded=excluded,
        )
        async for group in scan:
            if isinstance(group, ScanStalled):
                if group.fault.code is ErrorCode.OVERLOADED:
                    raise ServiceOverloaded(group.fault.detail, retry_after_s=1.0)
                break  # the job waits for the disk
            if isinstance(group, list):
                yield group
