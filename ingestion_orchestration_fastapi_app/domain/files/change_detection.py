"""Whether a file that the scan met must be opened, decided from what the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileRecord, Outcome, Verdict
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
    }
)
# Of these a busy moment may have been the reason: they are tried again, but not by each import.
PERHAPS_OF_THE_MOMENT = frozenset({ErrorCode.DECODING_TIMEOUT, ErrorCode.FILE_QUARANTINED})
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
    fingerprint: str,
    readers: Readers,
    force: bool,
    retry: bool = False,
) -> ChangeKind:
    """What becomes of a file at a scan. `retry` opens what failed, `force` opens everything.

    What was skipped or refused is opened again where other readers gave that verdict.
    """
    if record is None or record.stat != file.stat or not record.mtime_trusted:
        if record is not None and _is_judged(record) and record.stat == file.stat:
            return ChangeKind.DONE
        return ChangeKind.OPEN
    if _is_judged(record):
        return ChangeKind.DONE
    if force:
        return ChangeKind.OPEN
    if record.verdict is Verdict.SKIPPED:
        is_known = record.reader_version == readers.version
        return ChangeKind.SKIPPED_AGAIN if is_known else ChangeKind.OPEN
    if record.verdict is Verdict.FAILED:
        is_known = not retry and _stands(record, readers)
        return ChangeKind.FAILED_AGAIN if is_known else ChangeKind.OPEN
    if serves(record.stored_fingerprint, fingerprint) and not record.stale:
        return ChangeKind.UNCHANGED
    return ChangeKind.OPEN


def captioned(fingerprint: str, caption_fingerprint: str | None) -> str:
    """What the ledger calls a point that has both models' work. None: no model is known yet, and
    no point has it."""
    return f"{fingerprint}+{caption_fingerprint or '?'}"


def serves(stored_fingerprint: str | None, wanted: str) -> bool:
    """A point with a caption serves those who want none."""
    return stored_fingerprint is not None and (
        stored_fingerprint == wanted or stored_fingerprint.startswith(f"{wanted}+")
    )


def _stands(record: FileRecord, readers: Readers) -> bool:
    """Whether a failure still counts."""
    if record.code not in PERMANENT or record.reader_version != readers.version:
        return False
    if not _is_perhaps_of_the_moment(record) or record.attempts >= ATTEMPTS:
        return True
    return record.judged_at is None or readers.now - record.judged_at < TRIED_AGAIN_AFTER


def is_tried_alone(file: File, record: FileRecord | None) -> bool:
    """Of a file that is opened: whether it failed for what another moment may not bring again."""
    return (
        record is not None
        and record.verdict is Verdict.FAILED
        and record.stat == file.stat
        and record.code in PERHAPS_OF_THE_MOMENT
    )


def _is_perhaps_of_the_moment(record: FileRecord) -> bool:
    return record.code in PERHAPS_OF_THE_MOMENT and record.detail != DIED_ALONE


def _is_judged(record: FileRecord) -> bool:
    return record.outcome not in (None, Outcome.PENDING)
