"""Whether a file that a scan meets is opened: what of it is known, and who found that out when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingestion_orchestration_fastapi_app.domain.files.change_detection import (
    PERHAPS_OF_THE_MOMENT,
    PERMANENT,
    ChangeKind,
    Readers,
    classify_change,
)
from ingestion_orchestration_fastapi_app.domain.files.file import (
    File,
    FileRecord,
    FileStat,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from utils.contract import ErrorCode

JUDGED_AT = datetime(2026, 1, 2, tzinfo=UTC)
STAT = FileStat(size_bytes=10, mtime_ns=1, ctime_ns=1)
FILE = File(root_at(b"/photos"), b"a.jpg", STAT)


def record(
    *,
    outcome: Outcome | None = None,
    stat: FileStat | None = STAT,
    mtime_trusted: bool = True,
    verdict: Verdict | None = Verdict.STORED,
    code: ErrorCode | None = None,
    stored_fingerprint: str | None = "model",
    stale: bool = False,
    reader_version: str | None = "readers-1",
    attempts: int = 0,
) -> FileRecord:
    return FileRecord(
        1,
        outcome,
        stat,
        mtime_trusted,
        verdict,
        code,
        None,
        b"sha",
        stored_fingerprint,
        stale,
        reader_version,
        JUDGED_AT,
        attempts,
    )


def entered(
    found: FileRecord | None, *, force: bool = False, retry: bool = False, days: float = 0
) -> ChangeKind:
    readers = Readers("readers-1", JUDGED_AT + timedelta(days=days))
    return classify_change(
        FILE, found, fingerprint="model", readers=readers, force=force, retry=retry
    )


def test_a_file_that_nobody_remembers_is_opened() -> None:
    assert entered(None) is ChangeKind.OPEN


def test_a_stored_file_with_the_same_times_is_not_opened() -> None:
    assert entered(record()) is ChangeKind.UNCHANGED


def test_what_may_have_changed_is_opened() -> None:
    assert entered(record(stat=FileStat(11, 1, 1))) is ChangeKind.OPEN
    assert entered(record(mtime_trusted=False)) is ChangeKind.OPEN
    assert entered(record(stored_fingerprint="other")) is ChangeKind.OPEN
    assert entered(record(stored_fingerprint=None)) is ChangeKind.OPEN
    assert entered(record(stale=True)) is ChangeKind.OPEN
    assert entered(record(), force=True) is ChangeKind.OPEN


def test_a_permanent_failure_is_counted_again_and_a_passing_one_is_tried_again() -> None:
    for code in ErrorCode:
        found = record(verdict=Verdict.FAILED, code=code, stored_fingerprint=None)
        assert (entered(found) is ChangeKind.FAILED_AGAIN) == (code in PERMANENT)


def test_what_was_skipped_or_refused_is_looked_at_again_when_the_readers_change() -> None:
    for verdict, code in (
        (Verdict.SKIPPED, None),
        *((Verdict.FAILED, code) for code in PERMANENT),
    ):
        for older in ("readers-0", None):
            found = record(
                verdict=verdict, code=code, stored_fingerprint=None, reader_version=older
            )
            assert entered(found) is ChangeKind.OPEN
    assert entered(record(reader_version="readers-0")) is ChangeKind.UNCHANGED  # it is well
    skipped = record(verdict=Verdict.SKIPPED, stored_fingerprint=None)
    assert entered(skipped) is ChangeKind.SKIPPED_AGAIN


@pytest.mark.parametrize("code", sorted(PERHAPS_OF_THE_MOMENT))
def test_what_took_too_long_or_ended_a_process_is_tried_on_three_days(code: ErrorCode) -> None:
    def again(attempts: int, *, days: float) -> ChangeKind:
        found = record(
            verdict=Verdict.FAILED, code=code, stored_fingerprint=None, attempts=attempts
        )
        return entered(found, days=days)

    assert again(1, days=0.9) is ChangeKind.FAILED_AGAIN
    assert again(1, days=1) is again(2, days=1) is ChangeKind.OPEN
    assert again(3, days=100) is ChangeKind.FAILED_AGAIN


def test_what_this_job_judged_before_a_restart_is_not_judged_again() -> None:
    for mtime_trusted in (True, False):
        judged = record(outcome=Outcome.EMBEDDED, mtime_trusted=mtime_trusted)
        assert entered(judged, force=True) is ChangeKind.DONE
    pending = record(outcome=Outcome.PENDING, verdict=None, stat=None)
    assert entered(pending) is ChangeKind.OPEN
