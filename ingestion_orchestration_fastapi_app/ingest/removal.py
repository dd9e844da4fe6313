"""`sync`: points whose files are gone are removed, after the scan and only where it saw it all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.jobs.imports import whole_parts
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.lookups.missing_files import MissingFiles
from ingestion_orchestration_fastapi_app.ingest.stages.store import run_maintenance
from ingestion_orchestration_fastapi_app.library.removed_points import remove_points
from utils.contract.warnings import WarningCode


async def remove_missing(job: JobContext) -> str | None:
    """Removes what is gone, unless so much is that it must be confirmed: then says so.

    Of a root that is not there nothing is removed, whoever confirms it.
    For a run whose scan came to its end. Ends early when a stop is asked for.
    """
    options = job.options
    parts = whole_parts(job.request, recursive=options.recursive)
    if not parts:
        job.progress.warn(WarningCode.SYNC_OF_FILES)
        return None
    if not options.recursive:
        job.progress.warn(WarningCode.SYNC_NOT_RECURSIVE)
        return None
    missing = MissingFiles(
        job, parts, job.concurrency.delete_guard_percent, partial(_images_found, job)
    )
    with job.progress.busy("remove"):
        bare = await missing.bare_roots()
        devices = await missing.devices()
        note_devices = job.ports.ledger.folders.note_devices
        await note_devices(job.collection_id, devices.accepted, replace=True)
        closed = set(job.scanned.unlisted) | bare | devices.closed
        refusal = None if options.confirm_deletes else await missing.refusal(closed)
        if refusal is not None:
            return refusal
        async for group in missing.groups(closed):
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


async def _images_found(job: JobContext) -> int:
    record = await job.ports.ledger.jobs.find(job.job_id)
    assert record is not None
    return record.counts.found - record.counts.skipped


async def _say_what_is_kept(job: JobContext) -> None:
    limits = job.trash.limits
    await job.until_stored(job.trash.trim)
    kept = await job.ports.ledger.trash.count_of_job(job.job_id)
    if kept < job.progress.removed:
        job.progress.warn(
            WarningCode.TRASH_TOO_SMALL,
            count=job.progress.removed,
            kept=kept,
            trash_bytes=limits.size_bytes,
        )
    if kept:
        job.progress.note("undo_possible", f"{kept} images, for {limits.days} days")


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
