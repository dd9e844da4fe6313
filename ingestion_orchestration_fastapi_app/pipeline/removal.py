"""`sync`: points whose files are gone are removed, after the scan and only where it saw it all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial

from ingestion_orchestration_fastapi_app.core.deletion import (
    changed_devices,
    guarded,
    protected,
)
from ingestion_orchestration_fastapi_app.core.files import FileKey
from ingestion_orchestration_fastapi_app.core.identity import display_text
from ingestion_orchestration_fastapi_app.core.records import UnmetFile
from ingestion_orchestration_fastapi_app.pipeline.context import JobContext
from ingestion_orchestration_fastapi_app.pipeline.storing import keep_up

GROUP = 1024


async def remove_missing(job: JobContext) -> str | None:
    """Removes what is gone, unless so much is that it must be confirmed: then says so.

    A file is gone when the scan of its folder did not meet it, nothing is at its path now, no
    folder above it was unlistable or passed over, and its file system is the one it was on.
    For a run whose scan came to its end. Ends early when a stop is asked for.
    """
    request = job.request
    if not request.recursive:
        job.tally.warn("sync removes nothing without recursive: what lies below was not looked at")
        return None
    with job.tally.busy("remove"):
        closed = set(job.scanned.unlisted)
        for folder, recursive in request.parts:
            closed |= await _changed_folders(job, folder, recursive=recursive)
        missing = 0
        async for group in _missing(job, closed):
            missing += sum(file.had_point for file in group)
        found = await _found(job, missing)
        if not request.confirm_deletes and guarded(
            missing, found, percent=job.widths.delete_guard_percent
        ):
            return (
                f"{missing} of {missing + found} images are missing, and none was removed. If the "
                "folder is all there, import it again with sync and confirm_deletes."
            )
        async for group in _missing(job, closed):
            job.tally.removed += await job.until_stored(partial(_remove, job, group))
    if job.tally.removed:
        job.tally.note("points_removed", str(job.tally.removed))
        await keep_up(job)
    return None


async def _found(job: JobContext, missing: int) -> int:
    """Images that are there; of a job that looks at some folders those of the whole directory.

    A folder that is emptied or renamed is no alarm: what counts is how much of the whole it is.
    """
    if job.request.folders:
        _, images = await job.ports.ledger.totals(
            job.collection_id, job.request.directory, recursive=True
        )
        return images - missing
    record = await job.ports.ledger.job(job.job_id)
    assert record is not None
    return record.counts.found - record.counts.skipped


async def _changed_folders(job: JobContext, directory: bytes, *, recursive: bool) -> set[bytes]:
    """Folders on another file system than when their files were stored: what is below is not gone.

    Where files are found unchanged it is the same one, mounted again.
    """
    ledger, now = job.ports.ledger, job.scanned.devices
    if recursive:
        known = await ledger.devices(job.collection_id)
    elif await _unmet(job, directory, recursive=False, after=None, limit=1):
        known = job.scanned.known_devices  # without what was just noted of the folder itself
    else:
        return set()
    changed = changed_devices(known, now, directory)
    closed: set[bytes] = set()
    for folder in changed:
        if job.request.confirm_deletes:
            continue
        if not await ledger.is_unchanged_below(job.job_id, job.collection_id, folder):
            closed.add(folder)
            job.tally.warn(
                f"nothing is removed below {display_text(folder)}: it was on another file system; "
                "if its mount is meant to be gone, use confirm_deletes"
            )
    accepted = {folder: device for folder, device in changed.items() if folder not in closed}
    await ledger.note_devices(job.collection_id, accepted, replace=True)
    return closed


async def _missing(job: JobContext, closed: Collection[bytes]) -> AsyncIterator[list[UnmetFile]]:
    """In groups, by folder and key; no group is empty."""
    directory = job.request.directory
    for folder, recursive in job.request.parts:
        after: FileKey | None = None
        while not job.stop.asked:
            page = await _unmet(job, folder, recursive=recursive, after=after, limit=GROUP)
            if not page:
                break
            after = page[-1].key
            open_files = [file for file in page if not protected(file.absolute, closed)]
            gone = await job.ports.library.gone(
                [file.absolute for file in open_files], below=directory
            )
            group = [file for file, is_gone in zip(open_files, gone, strict=True) if is_gone]
            if group:
                yield group


async def _unmet(
    job: JobContext, folder: bytes, *, recursive: bool, after: FileKey | None, limit: int
) -> list[UnmetFile]:
    return await job.ports.ledger.unmet(
        job.job_id, job.collection_id, folder, recursive=recursive, after=after, limit=limit
    )


async def _remove(job: JobContext, files: Sequence[UnmetFile]) -> int:
    """Safe to repeat. Between the first step and the last a point may be there or not."""
    ledger = job.ports.ledger
    ids = [file.point_id for file in files]
    await ledger.doom(job.collection_id, ids)
    version = await job.ports.store.delete(job.collection, ids)
    return await ledger.forget(job.job_id, job.collection_id, files, synced_version=version)
