"""What travels between the stages."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileRecord, Outcome
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Sendable
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.resources.memory_budget import Lease
from utils.problems import Rejected

Send: TypeAlias = MemoryObjectSendStream
Receive: TypeAlias = MemoryObjectReceiveStream

MTIME_TRUSTED_AFTER_NS = 2_000_000_000  # coarse clocks: a change right after reading may not show
ROW_BYTES = 32 * 1024  # a vector, a thumbnail and a payload on their way to the store


@dataclass(frozen=True, slots=True)
class ToRead:
    """A file that has to be opened, and what was known of it before."""

    file: File
    point_id: UUID
    record: FileRecord | None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file whose bytes are in memory; the lease covers them.

    `vector` and `caption` are what the cache has of a content whose picture it lacks.
    """

    point_id: UUID
    record: FileRecord | None
    content: Content
    lease: Lease
    vector: Vector | None = None
    caption: str | None = None

    def without_bytes(self, *, held_bytes: int = 0) -> ReadFile:
        """Without the bytes; the lease shrinks to a row and what is held besides."""
        self.lease.shrink(ROW_BYTES + held_bytes)
        return replace(self, content=replace(self.content, data=b""))


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """Ready to be sent. `read_file` is without bytes; the lease covers the upload."""

    read_file: ReadFile
    picture: Picture
    upload: Sendable

    @property
    def id(self) -> str:
        return str(self.read_file.point_id)


@dataclass(frozen=True, slots=True)
class Result:
    """A file's end in this job, not yet durable.

    `record` is what was known of the file before. `owned_sha256` is the content that it stands for:
    copies of it may wait for the same end.
    `caption_fingerprint` is of a caption that is new. `keeps_words`: the words of the point are
    stored as they are to be.
    """

    file_outcome: FileOutcome
    record: FileRecord | None = None
    point: Point | None = None
    picture: Picture | None = None
    is_new_vector: bool = False
    is_new_picture: bool = False
    caption_fingerprint: str | None = None
    owned_sha256: bytes | None = None
    keeps_words: bool = False
    lease: Lease | None = None


def failed(to_read: ToRead, fault: Rejected) -> Result:
    """The end of a file whose content was never read."""
    refused = artefacts.failed(fault, model=artefacts.OF_THE_FILE)
    return _of_name(to_read, Outcome.FAILED, refused)


def skipped(to_read: ToRead, detail: str) -> Result:
    refused = artefacts.skipped(detail)
    return _of_name(to_read, Outcome.SKIPPED, refused)


def forgotten(read_file: ReadFile) -> Result:
    """The end of a file whose content somebody has removed from the collection."""
    return _of_content(read_file, Outcome.SKIPPED, artefacts.forgotten())


def unstored_as_forgotten(end: Result) -> Result:
    """The same, where that was said while the file was on its way."""
    file_outcome = replace(
        end.file_outcome, outcome=Outcome.SKIPPED, artefacts=(artefacts.forgotten(),)
    )
    return replace(end, file_outcome=file_outcome, point=None, picture=None)


def unstored_as_excluded(end: Result) -> Result:
    """The end of a file whose folder somebody has excluded while it was on its way."""
    file_outcome = replace(
        end.file_outcome, outcome=Outcome.SKIPPED, artefacts=(artefacts.excluded(),)
    )
    return replace(end, file_outcome=file_outcome, point=None, picture=None)


def failed_after_read(read_file: ReadFile, fault: Rejected, *, model: str) -> Result:
    """The end of a file whose content cannot become a point of the model."""
    return _of_content(read_file, Outcome.FAILED, artefacts.failed(fault, model=model))


def unchanged(read_file: ReadFile) -> Result:
    """The same bytes, already stored: only what the ledger knows of the file's times changes."""
    return _of_content(read_file, Outcome.UNCHANGED)


def stored(
    read_file: ReadFile,
    point: Point,
    picture: Picture,
    outcome: Outcome,
    *,
    caption: Artefact | None,
) -> Result:
    """The end of a file that became a point. The caller says what of it is new to the cache."""
    vector = artefacts.stored(Kind.VECTOR, point.fingerprint)
    ended = _of_content(read_file, outcome, vector, *([] if caption is None else [caption]))
    return replace(ended, point=point, picture=picture)


def unstored(end: Result, fault: Rejected, *, model: str) -> Result:
    """The end of a file whose point turned out to be none that can be stored."""
    refused = artefacts.failed(fault, model=model)
    file_outcome = replace(end.file_outcome, outcome=Outcome.FAILED, artefacts=(refused,))
    return replace(end, file_outcome=file_outcome, point=None, picture=None)


def _of_name(to_read: ToRead, outcome: Outcome, *made: Artefact) -> Result:
    ended = _ended(to_read.file, to_read.point_id, outcome, *made)
    return replace(ended, record=to_read.record)


def _of_content(read_file: ReadFile, outcome: Outcome, *made: Artefact) -> Result:
    content = read_file.content
    ended = _ended(content.file, read_file.point_id, outcome, *made)
    file_outcome = replace(
        ended.file_outcome, mtime_trusted=content.mtime_trusted, sha256=content.sha256
    )
    return replace(ended, file_outcome=file_outcome, record=read_file.record, lease=read_file.lease)


def _ended(file: File, point_id: UUID, outcome: Outcome, *made: Artefact) -> Result:
    changed_ns = max(file.stat.mtime_ns, file.stat.ctime_ns)
    file_outcome = FileOutcome(
        key=file.key,
        point_id=point_id,
        display_path=display_text(file.absolute),
        outcome=outcome,
        stat=file.stat,
        mtime_trusted=time.time_ns() - changed_ns > MTIME_TRUSTED_AFTER_NS,
        artefacts=made,
    )
    return Result(file_outcome=file_outcome)
