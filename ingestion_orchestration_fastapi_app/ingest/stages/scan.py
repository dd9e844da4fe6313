"""scan: from a directory to the files that must be opened; each is registered with the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, refusal
from ingestion_orchestration_fastapi_app.domain.files.change_detection import (
    ChangeKind,
    classify_change,
)
from ingestion_orchestration_fastapi_app.domain.files.deletion import device_at
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, point_id
from ingestion_orchestration_fastapi_app.domain.files.records import FileStart
from ingestion_orchestration_fastapi_app.domain.scanning.found import Mounted
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Send,
    ToRead,
)
from ingestion_orchestration_fastapi_app.ingest.lookups.folder_scan import scan_folders

ENTRY_OUTCOMES = {
    ChangeKind.FAILED_AGAIN: Outcome.FAILED,
    ChangeKind.OPEN: Outcome.PENDING,
}
# Of these a folder's numbers are kept, and no row a file.
KNOWN_OUTCOMES = {
    ChangeKind.UNCHANGED: Outcome.UNCHANGED,
    ChangeKind.SKIPPED_AGAIN: Outcome.SKIPPED,
}


async def scan(job: JobContext, out: Send[ToRead]) -> None:
    """Registers every file that the job looks at and sends on those that must be opened."""

    async def met(group: list[File]) -> None:
        for file in await register(job, group):
            await out.send(file)

    async with out:
        await scan_folders(job, met, partial(_note, job))
        job.scanned.known.begin()
        await write_known(job)
        job.progress.scan_complete = True


async def _note(job: JobContext, mounted: Mounted) -> None:
    """Before any file of it is registered: later it can be told from what is below its mount."""
    found = {mounted.path: mounted.device}
    if device_at(mounted.path, job.scanned.known_devices) == mounted.device:
        return
    note = partial(job.ports.ledger.folders.note_devices, job.collection_id, found, replace=False)
    await job.until_stored(note)


async def register(job: JobContext, files: list[File]) -> list[ToRead]:
    """One look at the ledger and one transaction a group. Returns what must be opened."""
    with job.progress.busy("enrol"):
        if job.request.retry_of is not None:
            asked = [file.key for file in files]
            failed_then = await job.ports.ledger.jobs.failed_keys(job.request.retry_of, asked)
            files = [file for file in files if file.key in failed_then]
        keys = [file.key for file in files]
        records = await job.ports.ledger.files.recall(job.collection_id, keys, job_id=job.job_id)
        scanned = job.scanned
        scanned.seen.update(record.row for record in records.values())
        known: Counter[Outcome] = Counter()
        starts: list[FileStart] = []
        to_open: list[ToRead] = []
        wanted, readers = job.wanted, job.readers
        for key, file in zip(keys, files, strict=True):
            record = records.get(key)
            kind = classify_change(
                file,
                record,
                wanted=wanted,
                readers=readers,
                force=job.options.force,
                retry=job.request.retry_of is not None,
            )
            scanned.known.meet(key, kind)
            if kind is ChangeKind.UNCHANGED and record is not None:
                scanned.unchanged.add(record.row)
                job.read_control.note_good(file)
            if kind in KNOWN_OUTCOMES:
                known[KNOWN_OUTCOMES[kind]] += 1
            if kind not in ENTRY_OUTCOMES:
                continue
            file_id = point_id(job.collection.identity, file.root.id, file.path)
            again = refusal(record.artefacts, wanted.vector_model) if record else None
            starts.append(_file_start(key, file, again, kind, file_id=file_id))
            if kind is ChangeKind.OPEN:
                to_open.append(ToRead(file=file, point_id=file_id, record=record))
        if starts or scanned.known.is_due:
            scanned.seen.update(await _write(job, starts))
    job.progress.settled(known.total() + len(starts) - len(to_open), opened=False)
    for start in starts:
        if start.outcome is not Outcome.PENDING:
            job.progress.ended(start.outcome, start.code)
    for outcome, images in known.items():
        job.progress.ended(outcome, images=images)
    return to_open


async def write_known(job: JobContext) -> None:
    """What was counted of the folders since the last group was registered."""
    await _write(job, [])


async def _write(job: JobContext, starts: Sequence[FileStart]) -> list[int]:
    """The rows of the files that enter the job."""
    folders = job.scanned.known.take()
    if not starts and not folders:
        return []
    register = job.ports.ledger.files.register
    return await job.until_stored(partial(register, job.job_id, job.collection_id, starts, folders))


def _file_start(
    key: FileKey, file: File, refused: Artefact | None, kind: ChangeKind, *, file_id: UUID
) -> FileStart:
    again = refused if kind is ChangeKind.FAILED_AGAIN else None
    return FileStart(
        key=key,
        point_id=file_id,
        outcome=ENTRY_OUTCOMES[kind],
        display_path=display_text(file.absolute),
        code=None if again is None else again.code,
        detail=None if again is None else again.detail,
    )
