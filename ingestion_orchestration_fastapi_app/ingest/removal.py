"""`sync`: points whose files are gone are removed, after the scan and only where it saw it all."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.deletion import (
    changed_devices,
    device_at,
    guarded,
    is_absent,
    protected,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_within,
)
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart, whole_parts
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.stages.store import run_maintenance
from ingestion_orchestration_fastapi_app.library.removed_points import remove_points

GROUP = 1024
CONTENTS = 8192


async def remove_missing(job: JobContext) -> str | None:
    """Removes what is gone, unless so much is that it must be confirmed: then says so.

    A file is gone when the scan of its folder did not meet it, nothing is at its path now, no
    folder above it was unlistable or passed over, and its file system is the one it was on. Of a
    root that is not there nothing is removed, whoever confirms it.
    For a run whose scan came to its end. Ends early when a stop is asked for.
    """
    options = job.options
    parts = whole_parts(job.request, recursive=options.recursive)
    if not parts:
        job.progress.warn("sync removes nothing where only files are named: no folder was listed")
        return None
    if not options.recursive:
        job.progress.warn(
            "sync removes nothing without recursive: what lies below was not looked at"
        )
        return None
    with job.progress.busy("remove"):
        bare = await _bare_roots(job, parts)
        closed = set(job.scanned.unlisted) | bare
        for part in parts:
            closed |= await _changed_folders(job, part.folder, recursive=part.recursive)
        refusal = None if options.confirm_deletes else await _guarded(job, parts, closed)
        if refusal is not None:
            return refusal
        async for group in _missing(job, parts, closed):
            job.progress.removed += await job.until_stored(partial(_remove, job, group))
    if job.progress.removed:
        job.progress.note("points_removed", str(job.progress.removed))
        await _say_what_is_kept(job)
        await run_maintenance(job)
    if not bare:
        return None
    return (
        f"Nothing was removed of {', '.join(sorted(map(display_text, bare)))}: nothing can be seen "
        "there, as where a disk is not mounted. What is gone for good is forgotten with: "
        f"photoseek roots forget {job.collection.name} DIR"
    )


async def _guarded(
    job: JobContext, parts: Sequence[ScanPart], closed: Collection[bytes]
) -> str | None:
    """Why somebody must confirm what would be removed, where somebody must.

    Each folder that was asked for is judged by itself: what one has lost is not made up for by
    another.
    """
    for top in dict.fromkeys(part.top for part in parts):
        there = [part for part in parts if part.top == top]
        refusal = await _guarded_folder(job, top, there, closed)
        if refusal is not None:
            return refusal
    return None


async def _say_what_is_kept(job: JobContext) -> None:
    limits = job.trash.limits
    await job.until_stored(job.trash.trim)
    kept = await job.ports.ledger.trash.count_of_job(job.job_id)
    if kept < job.progress.removed:
        job.progress.warn(
            f"of {job.progress.removed:,} removed images {kept:,} can be brought back: TRASH_BYTES "
            f"is {limits.size_bytes:,}"
        )
    if kept:
        job.progress.note("undo_possible", f"{kept} images, for {limits.days} days")


async def _guarded_folder(
    job: JobContext, top: bytes, parts: Sequence[ScanPart], closed: Collection[bytes]
) -> str | None:
    missing, contents = 0, array("Q")
    async for group in _missing(job, parts, closed):
        for file in group:
            missing += file.had_point
            if file.had_point and file.sha256 is not None:
                contents.append(_mark(file.sha256))
    found, percent = await _found(job, top, missing), job.concurrency.delete_guard_percent
    if not guarded(missing, found, percent=percent):
        return None
    lost = missing - await _moved(job, contents)
    if not guarded(lost, found, percent=percent):
        return None
    where = f" in {display_text(top)}" if job.request.paths else ""
    return (
        f"{lost} of {lost + found} images{where} are missing, and none was removed. If the folder "
        "is all there, import it again with sync and confirm_deletes."
    )


async def _moved(job: JobContext, contents: array[int]) -> int:
    """How many of the missing are no loss: the job met their contents at other paths."""
    wanted, counts = np.unique(np.asarray(contents, dtype=np.uint64), return_counts=True)
    is_met = np.zeros(len(wanted), dtype=bool)
    after = 0
    while len(wanted) and (
        page := await job.ports.ledger.files.seen_contents(
            job.collection_id, seen=job.scanned.seen, after=after, limit=CONTENTS
        )
    ):
        after = page[-1][0]
        is_met |= np.isin(wanted, np.array([_mark(one) for _, one in page], dtype=np.uint64))
    return int(counts[is_met].sum())


def _mark(sha256: bytes) -> int:
    return int.from_bytes(sha256[:8])  # 64 bits: a million of them take 8 MB, and none is two


async def _bare_roots(job: JobContext, parts: Sequence[ScanPart]) -> set[bytes]:
    """Of the roots that the job looked at, those in which nothing is, and something was."""
    bare: set[bytes] = set()
    for root in job.roots:
        if any(is_within(root.path, part.top) for part in parts):
            is_bare = False
            with job.stop.interruptible():  # its file system may not answer any more
                is_bare = await job.ports.library.is_bare(root.path)
            if is_bare and await _unseen(job, root.path, recursive=True, after=None, limit=1):
                bare.add(root.path)
    return bare


async def _found(job: JobContext, top: bytes, missing: int) -> int:
    """Images that are there; of a job that looks at some folders those of the whole directory.

    A folder that is emptied or renamed is no alarm: what counts is how much of the whole it is.
    """
    if job.request.folders or job.request.paths:
        _, images = await job.ports.ledger.folders.totals(job.collection_id, top, recursive=True)
        return images - missing
    record = await job.ports.ledger.jobs.find(job.job_id)
    assert record is not None
    return record.counts.found - record.counts.skipped


async def _changed_folders(job: JobContext, directory: bytes, *, recursive: bool) -> set[bytes]:
    """Folders on another file system than when their files were stored: what is below is not gone.

    Where old files are found unchanged it is the same one, mounted again.
    """
    ledger, now = job.ports.ledger, job.scanned.devices
    if recursive:
        known = await ledger.folders.devices(job.collection_id)
    elif await _unseen(job, directory, recursive=False, after=None, limit=1):
        known = job.scanned.known_devices  # without what was just noted of the folder itself
    else:
        return set()
    changed = changed_devices(known, now, directory, unlisted=job.scanned.unlisted)
    closed: set[bytes] = set()
    for folder in changed:
        has_unchanged = await ledger.folders.is_unchanged_below(
            job.collection_id, folder, unchanged=job.scanned.unchanged
        )
        if not is_absent(is_bare=False, is_other=True, has_unchanged=has_unchanged):
            continue
        is_root = _is_of_root(job, folder, known)
        if job.options.confirm_deletes and not is_root:
            continue
        closed.add(folder)
        way = f"photoseek roots forget {job.collection.name} DIR" if is_root else "confirm_deletes"
        job.progress.warn(
            f"nothing is removed below {display_text(folder)}: it was on another file system; "
            f"if it is meant to be gone, use {way}"
        )
    accepted = {folder: device for folder, device in changed.items() if folder not in closed}
    await ledger.folders.note_devices(job.collection_id, accepted, replace=True)
    return closed


def _is_of_root(job: JobContext, folder: bytes, known: Mapping[bytes, int]) -> bool:
    """Whether the folder was where its root is, which is gone with it or was not looked at.

    Not where something was mounted in the root, and not where the root itself is as it was.
    """
    root = deepest_root(folder, job.roots)
    if root is None:
        return False
    was = device_at(root.path, known)
    return was == device_at(folder, known) and was != device_at(root.path, job.scanned.devices)


async def _missing(
    job: JobContext, parts: Sequence[ScanPart], closed: Collection[bytes]
) -> AsyncIterator[list[UnseenFile]]:
    """In groups, by folder and key; no group is empty."""
    for part in parts:
        after: FileKey | None = None
        while not job.stop.asked:
            page = await _unseen(
                job, part.folder, recursive=part.recursive, after=after, limit=GROUP
            )
            if not page:
                break
            after = page[-1].key
            open_files = [file for file in page if not protected(file.absolute, closed)]
            gone: list[bool] = []
            with job.stop.interruptible():
                paths = [file.absolute for file in open_files]
                gone = await job.ports.library.gone(paths, below=part.top)
            if job.stop.asked:
                return
            group = [file for file, is_gone in zip(open_files, gone, strict=True) if is_gone]
            if group:
                yield group


async def _unseen(
    job: JobContext, folder: bytes, *, recursive: bool, after: FileKey | None, limit: int
) -> list[UnseenFile]:
    return await job.ports.ledger.folders.not_seen_in_scan(
        job.collection_id,
        folder,
        seen=job.scanned.seen,
        recursive=recursive,
        after=after,
        limit=limit,
    )


async def _remove(job: JobContext, files: Sequence[UnseenFile]) -> int:
    """Safe to repeat. Between the first step and the last a point may be there or not."""
    ports = job.ports
    async with job.writer:
        synced: list[SyncedVersion] = []
        if ids := await _maybe_stored(job, files):
            synced = await remove_points(
                ports.ledger,
                ports.store,
                job.words,
                job.trash,
                job.collection,
                ids,
                job_id=job.job_id,
            )
        return await ports.ledger.files.delete_files(
            job.job_id, job.collection_id, files, synced=synced
        )


async def _maybe_stored(job: JobContext, files: Sequence[UnseenFile]) -> list[UUID]:
    """Without files that never had a point, as texts and broken pictures are: what is begun for one
    would count it as a point that is removed, after a restart.
    """
    artefacts = job.ports.ledger.artefacts
    collection = await job.ports.ledger.collections.find_by_id(job.collection_id)
    ids = [file.point_id for file in files]
    stored = {file.point_id for file in files if file.had_point}
    for one in () if collection is None else collection.generations:
        stored |= await artefacts.maybe_written(one.id, ids)
    return [one for one in ids if one in stored]
