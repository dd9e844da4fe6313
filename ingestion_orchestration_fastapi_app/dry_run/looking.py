"""Goes through the folders as an import does, and opens as many files as is needed to tell."""

from __future__ import annotations

from anyio import create_memory_object_stream, create_task_group

from ingestion_orchestration_fastapi_app.domain.dry_run.sample import Fate, Opened, Sample
from ingestion_orchestration_fastapi_app.domain.files.artefacts import refusal
from ingestion_orchestration_fastapi_app.domain.files.change_detection import (
    ChangeKind,
    classify_change,
)
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileRecord, Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, point_id
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.domain.scanning.found import Mounted
from ingestion_orchestration_fastapi_app.dry_run.tally import (
    AGAIN,
    CHANGED,
    NEW,
    Tally,
    reason_of,
)
from ingestion_orchestration_fastapi_app.ingest.items import ReadFile, Receive, Send, ToRead
from ingestion_orchestration_fastapi_app.ingest.lookups.cached_content import (
    cached_content,
    needs_no_caption,
)
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from ingestion_orchestration_fastapi_app.ingest.lookups.folder_scan import scan_folders
from ingestion_orchestration_fastapi_app.ingest.lookups.reading import is_unchanged, read_file
from utils.contract import ErrorCode
from utils.problems import Rejected

TAKEN = 256  # names of files that wait to be opened

_KNOWN = {
    ChangeKind.UNCHANGED: Outcome.UNCHANGED,
    ChangeKind.SKIPPED_AGAIN: Outcome.SKIPPED,
    ChangeKind.FAILED_AGAIN: Outcome.FAILED,
}


class DryLook:
    """Writes nothing. Whatever it is told of files may be different when the import comes."""

    def __init__(self, look: LookContext, sample: Sample, *, read_workers: int) -> None:
        self._look = look
        self._sample = sample
        self._read_workers = read_workers
        self.tally = Tally()

    async def whole(self) -> None:
        """Raises what ended it, as a group."""
        taken_out, taken = create_memory_object_stream[ToRead](TAKEN)
        async with create_task_group() as tg, taken_out, taken:
            for _ in range(self._read_workers):
                tg.start_soon(self._open_all, taken.clone())

            async def met(group: list[File]) -> None:
                await self._met(group, taken_out)

            await scan_folders(self._look, met, self._mounted)
            self._look.progress.scan_complete = True

    async def _mounted(self, mounted: Mounted) -> None:
        """The ledger learns of it by the import."""

    async def _met(self, group: list[File], out: Send[ToRead]) -> None:
        look, scanned = self._look, self._look.scanned
        keys = [file.key for file in group]
        records = await look.ports.ledger.files.recall(look.collection_id, keys)
        scanned.seen.update(record.row for record in records.values())
        wanted, readers = look.wanted, look.readers
        for key, file in zip(keys, group, strict=True):
            record = records.get(key)
            kind = classify_change(
                file, record, wanted=wanted, readers=readers, force=look.options.force
            )
            if record is not None and kind is ChangeKind.UNCHANGED:
                scanned.unchanged.add(record.row)
            if kind in _KNOWN:
                self._count_known(file, record, _KNOWN[kind])
                continue
            name = _why_opened(file, record)
            self.tally.opened[name] += 1
            self.tally.show(name, display_text(file.absolute))
            number = point_id(look.collection.identity, file.root.id, file.path)
            if self._sample.take(number, file.stat.size_bytes):
                await out.send(ToRead(file, number, record))
            else:
                look.progress.done += 1

    def _count_known(self, file: File, record: FileRecord | None, outcome: Outcome) -> None:
        reason = ""
        if outcome is not Outcome.UNCHANGED and record is not None:
            refused = refusal(record.artefacts, self._look.wanted.vector_model)
            if refused is not None:
                reason = str(refused.code or refused.detail or "")
                detail = refused.detail or ""
                self.tally.show(reason_of(outcome, reason), display_text(file.absolute), detail)
        self.tally.add_known(outcome, reason)
        self._look.progress.done += 1

    async def _open_all(self, files: Receive[ToRead]) -> None:
        async with files:
            async for file in files:
                if self._sample.holds(file.point_id):
                    opened = await self._opened(file)
                    self._sample.put(file.point_id, opened)
                self._look.progress.done += 1

    async def _opened(self, to_read: ToRead) -> Opened:
        size_bytes, path = to_read.file.stat.size_bytes, display_text(to_read.file.absolute)
        tried = await read_file(self._look, to_read)
        if isinstance(tried, Rejected):
            self.tally.show(reason_of(Outcome.FAILED, tried.code), path, tried.detail)
            return Opened(Fate.FAILED, size_bytes, tried.code)
        if isinstance(tried, Skipped):
            self.tally.show(reason_of(Outcome.SKIPPED, tried.detail), path)
            return Opened(Fate.SKIPPED, size_bytes, tried.detail)
        try:
            self._look.progress.read(size_bytes)
            return await self._judged(tried, size_bytes, path)
        finally:
            tried.lease.release()

    async def _judged(self, file: ReadFile, size_bytes: int, path: str) -> Opened:
        look, content = self._look, file.content
        if is_unchanged(look, file):
            return Opened(Fate.UNCHANGED, size_bytes)
        forgotten = look.ports.ledger.forgotten
        if await forgotten.among(look.collection_id, [content.sha256]):
            code = ErrorCode.IMAGE_FORGOTTEN
            self.tally.show(reason_of(Outcome.SKIPPED, code), path)
            return Opened(Fate.SKIPPED, size_bytes, code)
        known = await cached_content(look, [file])
        key = content.picture_key
        has_caption = key in known.captions or needs_no_caption(look, file)
        return Opened(
            Fate.IMAGE,
            size_bytes,
            key=key,
            sha256=content.sha256,
            is_cached=has_caption and key in known.vectors,
        )


def _why_opened(file: File, record: FileRecord | None) -> str:
    if record is None or record.stat is None:
        return NEW
    return CHANGED if record.stat != file.stat else AGAIN
