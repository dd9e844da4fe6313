"""Whether a file that the scan met must be opened, decided from what the ledger remembers."""

from __future__ import annotations

from enum import StrEnum

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileRecord, Outcome, Verdict
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
    force: bool,
    retry: bool = False,
) -> ChangeKind:
    """What becomes of a file at a scan. `retry` opens what failed, `force` opens everything."""
    if record is None or record.stat != file.stat or not record.mtime_trusted:
        if record is not None and _is_judged(record) and record.stat == file.stat:
            return ChangeKind.DONE
        return ChangeKind.OPEN
    if _is_judged(record):
        return ChangeKind.DONE
    if force:
        return ChangeKind.OPEN
    if record.verdict is Verdict.SKIPPED:
        return ChangeKind.SKIPPED_AGAIN
    if record.verdict is Verdict.FAILED:
        is_known = record.code in PERMANENT and not retry
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


def _is_judged(record: FileRecord) -> bool:
    return record.outcome not in (None, Outcome.PENDING)
