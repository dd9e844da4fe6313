"""Takes uploads in: how many at once, where to, and the import that follows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import structlog
from anyio import move_on_after

from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions, import_request
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.uploads.folders import upload_folder
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Uploaded
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.uploads.call import FIELD, UploadCall
from ingestion_orchestration_fastapi_app.ports.folders.inbox import Inbox, PendingImport
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.contract.uploads import MAX_UPLOAD_FILES
from utils.problems import Problem, ServiceOverloaded, ValidationProblem
from utils.web.bodies.multipart import MultipartEvents

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 8  # each holds up to 1 MiB, and threads of the inbox's disk
RETRY_AFTER_S = 2.0
_FINISH_S = 20.0  # for what was stored of a call that was cut off
_RESUME_S = 10.0  # a start does not wait longer for a share that is silent


@dataclass(frozen=True, slots=True)
class Received:
    """`job` takes in what was stored; None where nothing is new."""

    files: tuple[Uploaded, ...]
    job: JobRecord | None


class Uploads:
    """What a call has stored is imported, however the call ends, and over a crash."""

    def __init__(
        self,
        inbox: Inbox,
        ledger: Ledger,
        collections: Collections,
        scheduler: JobScheduler,
        *,
        max_bytes: int,
        today: Callable[[], date],
    ) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._collections = collections
        self._scheduler = scheduler
        self._max_bytes = max_bytes
        self._today = today
        self._at_once = 0

    async def receive(
        self,
        collection: CollectionRecord,
        boundary: bytes,
        chunks: AsyncIterator[bytes],
        *,
        declared_bytes: int,
        captions: bool,
    ) -> Received:
        """Raises Problem: what was stored before that stays, and is imported."""
        with self._permit():
            await self._inbox.check_room(declared_bytes)
            call = UploadCall(
                self._inbox,
                self._ledger,
                collection,
                await self._folder(collection),
                captions,
            )
            try:
                await self._read(call, boundary, chunks)
            except BaseException:
                with move_on_after(_FINISH_S, shield=True):
                    await self._end_cut_off(call)
                raise
            return Received(tuple(call.files), await self._imported(call.note))

    async def resume(self) -> None:
        """At the start: what a crash left half-written goes, what it left to import is imported."""
        with move_on_after(_RESUME_S):
            try:
                for note in await self._inbox.noted():
                    await self._imported(note)
            except Problem as exc:
                log.warning("inbox_not_resumed", error=exc.detail)

    async def _read(self, call: UploadCall, boundary: bytes, chunks: AsyncIterator[bytes]) -> None:
        events = MultipartEvents(
            boundary, max_parts=MAX_UPLOAD_FILES, max_total_bytes=self._max_bytes
        )
        async for chunk in chunks:
            for event in events.feed(chunk):
                await call.take(event)
        events.close()
        if not call.files:
            raise ValidationProblem(f"body.{FIELD}: there is no file")

    async def _end_cut_off(self, call: UploadCall) -> None:
        try:
            await call.close()
            await self._imported(call.note)
        except Problem as exc:  # the note stays: the next start sees to it
            log.warning("upload_not_imported", error=exc.detail)

    async def _folder(self, collection: CollectionRecord) -> tuple[str, str]:
        others = [
            one for one in await self._ledger.collections.list_all() if one.id != collection.id
        ]
        return upload_folder(self._inbox.path, collection, others, day=self._today())

    async def _imported(self, note: PendingImport | None) -> JobRecord | None:
        """The job that imports what the note says: one that waits for its turn already, or a new
        one.
        """
        if note is None:
            return None
        every = await self._ledger.collections.list_all()
        collection = next((one for one in every if one.identity == note.identity), None)
        job: JobRecord | None = None
        if collection is not None:  # else it was deleted: the files stay
            top = b"/".join([self._inbox.path.rstrip(b"/"), note.folder[0].encode()])
            await self._collections.roots.add(collection, top)
            directory = b"/".join([top, *(name.encode() for name in note.folder[1:])])
            options = IngestOptions(captions=note.captions)
            request = import_request(collection.name, directory, options)
            job = await self._scheduler.submit(collection, request, join=True)
        await self._inbox.end_note(note)
        return job

    @contextmanager
    def _permit(self) -> Iterator[None]:
        if self._at_once >= MOST_AT_ONCE:
            raise ServiceOverloaded(
                f"{MOST_AT_ONCE} uploads come in already.", retry_after_s=RETRY_AFTER_S
            )
        self._at_once += 1
        try:
            yield
        finally:
            self._at_once -= 1
