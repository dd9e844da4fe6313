"""scan: from a directory to the files that must be opened; each is registered with the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, refusal
from ingestion_orchestration_fastapi_app.domain.files.change_detection import (
    ChangeKind,
    classify_change,
)
from ingestion_orchestration_fastapi_app.domain.files.deletion import device_at
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, point_id
from ingestion_orchestration_fastapi_app.domain.files.records import FileStart
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart, scanned_parts
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Send,
    ToRead,
)
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from utils.contract import ErrorCode

ENTRY_OUTCOMES = {
    ChangeKind.FAILED_AGAIN: Outcome.FAILED,
    ChangeKind.OPEN: Outcome.PENDING,
}
# Of these a folder's numbers are kept, and no row a file.
KNOWN_OUTCOMES = {
    ChangeKind.UNCHANGED: Outcome.UNCHANGED,
    ChangeKind.SKIPPED_AGAIN: Outcome.SKIPPED,
}


_NAMED = 3  # links, in a warning
RETRY_STALLED_S = 5.0


async def scan(job: JobContext, out: Send[ToRead]) -> None:
    """Registers every file that the job looks at and sends on those that must be opened."""
    async with out:
        job.scanned.known_devices.update(await job.ports.ledger.folders.devices(job.collection_id))
        parts = scanned_parts(job.request, recursive=job.options.recursive)
        for part in parts:
            there = part
            while not await _scan_part(job, there, out=out):
                # The folder above shows whether it is gone, or its mount is.
                above = there.folder.rpartition(b"/")[0] or b"/"
                there = replace(there, folder=above, recursive=False)
        if len(job.scanned.absent) == len(parts):
            raise JobFailedError(*next(iter(job.scanned.absent.values())))
        job.scanned.known.begin()
        await write_known(job)
        _tell_of_links(job)
        job.progress.scan_complete = True


async def _scan_part(job: JobContext, part: ScanPart, *, out: Send[ToRead]) -> bool:
    """False: the folder is not there, and lies in the one that was asked for."""
    folder, library = part.folder, job.ports.library
    lacking = set(part.names or ())
    job.scanned.known.begin()
    groups = library.scan(folder, recursive=part.recursive, roots=job.roots, names=part.names)
    while True:
        with job.progress.busy("scan"):
            group = await anext(groups, None)
        if group is None:
            _tell_of_lacking(job, folder, lacking)
            return True
        if isinstance(group, Mounted):
            await _note(job, group)
        elif isinstance(group, Linked):
            await _pass_over(job, group)
        elif isinstance(group, ScanStalled):
            if group.fault.code is ErrorCode.FILE_READ and group.path != part.top:
                _note_unlisted(job, group.path, group.fault.detail)
                return True
            reason = f"{display_text(group.path)}: {group.fault.detail}"
            with job.progress.blocked(group.fault.code, reason):
                await sleep(RETRY_STALLED_S)
        elif isinstance(group, ScanFault):
            if group.path == part.top:
                if not job.request.paths:
                    raise JobFailedError(ErrorCode.DIRECTORY_NOT_FOUND, group.detail)
                # Of several one: the others are none the worse for it.
                _note_unlisted(job, group.path, group.detail)
                told = f"{display_text(group.path)}: {group.detail}"
                job.scanned.absent[group.path] = ErrorCode.DIRECTORY_NOT_FOUND, told
                return True
            if group.path == folder and await _is_gone(job, part):
                return False
            _note_unlisted(job, group.path, group.detail)
        else:
            lacking -= {file.path.rpartition(b"/")[2] for file in group}
            for file in await register(job, group):
                await out.send(file)


async def _is_gone(job: JobContext, part: ScanPart) -> bool:
    gone = job.ports.library.gone
    return (await gone([part.folder], below=part.top, are_folders=True))[0]


def _tell_of_lacking(job: JobContext, folder: bytes, names: set[bytes]) -> None:
    """Files that were asked for by name. What is known of them stays as it is."""
    if names:
        paths = [display_text(folder.rstrip(b"/") + b"/" + name) for name in sorted(names)]
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        told = f"not there as a file any more: {', '.join(paths[:_NAMED])}{more}"
        job.progress.warn(told)
        job.scanned.lacking[folder] = told


def _note_unlisted(job: JobContext, folder: bytes, detail: str) -> None:
    job.scanned.unlisted.add(folder)
    job.progress.warn(f"cannot list {display_text(folder)}: {detail}")


async def _pass_over(job: JobContext, linked: Linked) -> None:
    job.progress.links_skipped += len(linked.paths)
    replaced = await job.ports.ledger.folders.known_at(job.collection_id, linked.paths)
    job.scanned.replaced += replaced[: _NAMED - len(job.scanned.replaced)]
    job.scanned.replaced_count += len(replaced)


def _tell_of_links(job: JobContext) -> None:
    if job.progress.links_skipped:
        job.progress.note("links_skipped", str(job.progress.links_skipped))
    if job.scanned.replaced:
        more = job.scanned.replaced_count - len(job.scanned.replaced)
        named = ", ".join(map(display_text, job.scanned.replaced))
        job.progress.warn(
            f"a link took the place of what was imported: {named}"
            + (f" and {more} more" if more else "")
            + "; links are not followed: sync removes what was there, and to go on with it "
            "import the folder that the link leads to"
        )


async def _note(job: JobContext, mounted: Mounted) -> None:
    """Before any file of it is registered: later it can be told from what is below its mount."""
    found = {mounted.path: mounted.device}
    job.scanned.devices.update(found)
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
