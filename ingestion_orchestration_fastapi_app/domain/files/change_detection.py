"""Whether a file that the scan met must be opened, decided from what the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    Wanted,
    found,
    has_endpoint_caption,
    is_stored,
    refusal,
)
from ingestion_orchestration_fastapi_app.domain.files.file import (
    File,
    FileRecord,
    FileStat,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DIED_ALONE
from utils.contract import ErrorCode

# Failures that the same bytes will meet again. Others (a permission, a limit that a setting
# moves, the device's memory) may have gone away, and cost little to try again.
PERMANENT = frozenset(
    {
        ErrorCode.FILE_EMPTY,
        ErrorCode.FORMAT_UNSUPPORTED,
        ErrorCode.DECODING_IMAGE,
        ErrorCode.DECODING_RAW,
        ErrorCode.DECODING_TIMEOUT,
        ErrorCode.FILE_QUARANTINED,
        ErrorCode.BLIP_INFER,
        ErrorCode.CAPTION_REFUSED,
        ErrorCode.CAPTIONER,
    }
)
# Of these a busy moment may have been the reason: they are tried again, but not by each import.
PERHAPS_OF_THE_MOMENT = frozenset(
    {
        ErrorCode.DECODING_TIMEOUT,
        ErrorCode.FILE_QUARANTINED,
        ErrorCode.BLIP_INFER,
        ErrorCode.CAPTION_REFUSED,
        ErrorCode.CAPTIONER,
    }
)
TRIED_AGAIN_AFTER = timedelta(days=1)
ATTEMPTS = 3  # after these the failure stands


@dataclass(frozen=True, slots=True)
class Readers:
    """What an import reads files with, and when."""

    version: str
    now: datetime


class ChangeKind(StrEnum):
    """How a file enters a job."""

    DONE = "done"  # this job has judged it already, before a restart
    UNCHANGED = "unchanged"
    FAILED_AGAIN = "failed_again"
    SKIPPED_AGAIN = "skipped_again"
    OPEN = "open"


def classify_change(
    file: File,
    record: FileRecord | None,
    *,
    wanted: Wanted,
    readers: Readers,
    force: bool,
    retry: bool = False,
) -> ChangeKind:
    """What becomes of a file at a scan. `retry` opens what failed, `force` opens everything.

    What was skipped or refused is opened again where other readers gave that verdict.
    """
    if record is None or record.stat != file.stat:
        return ChangeKind.OPEN
    refused = refusal(record.artefacts, wanted.vector_model)
    has_vector = is_stored(record.artefacts, wanted.vector_model)
    is_judged = record.outcome not in (None, Outcome.PENDING)
    if is_judged and (refused is not None or has_vector):  # else the store has lost it since
        return ChangeKind.DONE
    if force or not record.mtime_trusted:
        return ChangeKind.OPEN
    if refused is not None:
        is_skipped = refused.state is State.SKIPPED
        if not counts(refused, readers) or (retry and not is_skipped):
            return ChangeKind.OPEN
        return ChangeKind.SKIPPED_AGAIN if is_skipped else ChangeKind.FAILED_AGAIN
    is_whole = has_vector and has_caption(record, wanted, readers)
    return ChangeKind.UNCHANGED if is_whole else ChangeKind.OPEN


def has_caption(record: FileRecord, wanted: Wanted, readers: Readers) -> bool:
    """Whether the file has the caption that is wanted, if one is, or a verdict that counts."""
    if wanted.caption_model is None:
        return True
    caption = found(record.artefacts, Kind.CAPTION, wanted.caption_model)
    if has_endpoint_caption(record.artefacts):
        return True
    if caption is None:
        return False
    return caption.state is State.STORED or (caption.is_verdict and counts(caption, readers))


def has_all(record: FileRecord, wanted: Wanted, readers: Readers) -> bool:
    """Whether nothing is to be made of the file as long as its content is the same."""
    has_vector = is_stored(record.artefacts, wanted.vector_model)
    return has_vector and has_caption(record, wanted, readers)


def counts(verdict: Artefact, readers: Readers) -> bool:
    """Whether what was refused or skipped then would be again."""
    if verdict.reader_version != readers.version:
        return False
    if verdict.state is State.SKIPPED:
        return True
    if verdict.code not in PERMANENT:
        return False
    if not _is_perhaps_of_the_moment(verdict) or verdict.attempts >= ATTEMPTS:
        return True
    return verdict.updated_at is None or readers.now - verdict.updated_at < TRIED_AGAIN_AFTER


def is_tried_alone(file: File, record: FileRecord | None, vector_model: str) -> bool:
    """Of a file that is opened: whether it failed for what another moment may not bring again."""
    if record is None or record.stat != file.stat:
        return False
    refused = refusal(record.artefacts, vector_model)
    return refused is not None and refused.code in PERHAPS_OF_THE_MOMENT


def _is_perhaps_of_the_moment(verdict: Artefact) -> bool:
    return verdict.code in PERHAPS_OF_THE_MOMENT and verdict.detail != DIED_ALONE


def is_as_stored(
    record: FileRecord, stat: FileStat, sha256: bytes | None, *, model: str, readers: Readers
) -> bool:
    """Whether the point that a job made again of the file is the one that was stored: its row
    need not be written. A caption is not in it.
    """
    vector = found(record.artefacts, Kind.VECTOR, model)
    return (
        vector is not None
        and vector.state is State.STORED
        and vector.reader_version == readers.version
        and (record.stat, record.sha256) == (stat, sha256)
    )
