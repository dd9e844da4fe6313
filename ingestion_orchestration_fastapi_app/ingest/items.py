"""What travels between the stages."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ingestion_orchestration_fastapi_app.domain.files.change_detection import captioned
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileRecord, Outcome, Verdict
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import Settlement
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Sendable
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.resources.memory_budget import Lease
from utils.problems import Rejected

Send: TypeAlias = MemoryObjectSendStream
Receive: TypeAlias = MemoryObjectReceiveStream

SETTLED_AFTER_NS = 2_000_000_000  # coarse clocks: a change right after reading may not show
ROW_BYTES = 32 * 1024  # a vector, a thumbnail and a payload on their way to the store


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that has to be opened, and what was known of it before."""

    file: File
    point_id: UUID
    record: FileRecord | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file whose bytes are in memory; the lease covers them."""

    candidate: Candidate
    content: Content
    lease: Lease

    def emptied(self, *, held_bytes: int = 0) -> Loaded:
        """Without the bytes; the lease shrinks to a row and what is held besides."""
        self.lease.shrink(ROW_BYTES + held_bytes)
        return replace(self, content=replace(self.content, data=b""))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Content of which an artefact is missing; `vector` and `caption` where only the picture is."""

    loaded: Loaded
    vector: Vector | None
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Packed:
    """Ready to be sent. `loaded` is emptied; the lease covers the upload."""

    loaded: Loaded
    picture: Picture
    upload: Sendable

    @property
    def id(self) -> str:
        return str(self.loaded.candidate.point_id)


@dataclass(frozen=True, slots=True)
class Finished:
    """A file's end in this job, not yet durable.

    `claim` is the content that this file claimed for itself: copies may wait for the same end.
    `caption_fingerprint` is of a caption that is new.
    """

    settlement: Settlement
    point: Point | None = None
    picture: Picture | None = None
    is_new_vector: bool = False
    is_new_picture: bool = False
    caption_fingerprint: str | None = None
    claim: bytes | None = None
    lease: Lease | None = None


def failed(candidate: Candidate, fault: Rejected) -> Finished:
    """The end of a file whose content was never read."""
    return _ended(candidate, Verdict.FAILED, Outcome.FAILED, fault=fault)


def skipped(candidate: Candidate, detail: str) -> Finished:
    return _ended(candidate, Verdict.SKIPPED, Outcome.SKIPPED, detail=detail)


def spoilt(loaded: Loaded, fault: Rejected) -> Finished:
    """The end of a file whose content cannot become a point."""
    return _of_content(loaded, Verdict.FAILED, Outcome.FAILED, fault=fault)


def unchanged(loaded: Loaded) -> Finished:
    """The same bytes, already stored: only what the ledger knows of the file's times changes."""
    assert loaded.candidate.record is not None
    fingerprint = loaded.candidate.record.stored_fingerprint
    return _of_content(loaded, Verdict.STORED, Outcome.UNCHANGED, fingerprint=fingerprint)


def stored(
    loaded: Loaded,
    point: Point,
    picture: Picture,
    outcome: Outcome,
    *,
    caption_fingerprint: str | None,
) -> Finished:
    """The end of a file that became a point. The caller says what of it is new to the cache."""
    fingerprint = point.fingerprint
    if point.caption is not None and caption_fingerprint is not None:
        fingerprint = captioned(fingerprint, caption_fingerprint)
    ended = _of_content(loaded, Verdict.STORED, outcome, fingerprint=fingerprint)
    return replace(ended, point=point, picture=picture)


def unstored(end: Finished, fault: Rejected) -> Finished:
    """The end of a file whose point turned out to be none that can be stored."""
    settlement = replace(
        end.settlement,
        verdict=Verdict.FAILED,
        outcome=Outcome.FAILED,
        stored_fingerprint=None,
        code=fault.code,
        detail=fault.detail,
    )
    return replace(end, settlement=settlement, point=None, picture=None)


def _of_content(
    loaded: Loaded,
    verdict: Verdict,
    outcome: Outcome,
    *,
    fault: Rejected | None = None,
    fingerprint: str | None = None,
) -> Finished:
    content = loaded.content
    ended = _ended(loaded.candidate, verdict, outcome, fault=fault, fingerprint=fingerprint)
    settlement = replace(
        ended.settlement,
        stat=content.file.stat,
        settled=content.settled,
        sha256=content.sha256,
    )
    return replace(ended, settlement=settlement, lease=loaded.lease)


def _ended(
    candidate: Candidate,
    verdict: Verdict,
    outcome: Outcome,
    *,
    fault: Rejected | None = None,
    detail: str | None = None,
    fingerprint: str | None = None,
) -> Finished:
    file = candidate.file
    changed_ns = max(file.stat.mtime_ns, file.stat.ctime_ns)
    settlement = Settlement(
        key=file.key,
        point_id=candidate.point_id,
        display_path=display_text(file.absolute),
        outcome=outcome,
        verdict=verdict,
        stat=file.stat,
        settled=time.time_ns() - changed_ns > SETTLED_AFTER_NS,
        stored_fingerprint=fingerprint,
        code=None if fault is None else fault.code,
        detail=detail if fault is None else fault.detail,
    )
    return Finished(settlement=settlement)
