"""Whether a file that a scan meets is opened: what of it is known, and who found that out when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    Wanted,
    caption_failed,
    failed,
)
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
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from utils.contract import ErrorCode
from utils.problems import Rejected

JUDGED_AT = datetime(2026, 1, 2, tzinfo=UTC)
STAT = FileStat(size_bytes=10, mtime_ns=1, ctime_ns=1)
FILE = File(root_at(b"/photos"), b"a.jpg", STAT)


WANTED = Wanted("model")
VECTOR = Artefact(Kind.VECTOR, "model", State.STORED, None, None, "readers-1", 0, JUDGED_AT)
CAPTION = replace(VECTOR, kind=Kind.CAPTION, model="captioner")
SKIPPED = replace(VECTOR, kind=Kind.PICTURE, model="", state=State.SKIPPED)


def refused(code: ErrorCode, *, attempts: int = 1) -> Artefact:
    made = failed(Rejected(code, "broken"), model="model")
    return replace(made, reader_version="readers-1", attempts=attempts, updated_at=JUDGED_AT)


def record(
    *artefacts: Artefact,
    outcome: Outcome | None = None,
    stat: FileStat | None = STAT,
    mtime_trusted: bool = True,
) -> FileRecord:
    return FileRecord(1, outcome, stat, mtime_trusted, b"sha", artefacts or (VECTOR,))


def entered(
    known: FileRecord | None,
    *,
    wanted: Wanted = WANTED,
    force: bool = False,
    retry: bool = False,
    days: float = 0,
) -> ChangeKind:
    readers = Readers("readers-1", JUDGED_AT + timedelta(days=days))
    return classify_change(FILE, known, wanted=wanted, readers=readers, force=force, retry=retry)


def test_a_file_that_nobody_remembers_is_opened() -> None:
    assert entered(None) is ChangeKind.OPEN


def test_a_stored_file_with_the_same_times_is_not_opened() -> None:
    assert entered(record()) is ChangeKind.UNCHANGED


def test_what_may_have_changed_is_opened() -> None:
    assert entered(record(stat=FileStat(11, 1, 1))) is ChangeKind.OPEN
    assert entered(record(mtime_trusted=False)) is ChangeKind.OPEN
    assert entered(record(replace(VECTOR, model="other"))) is ChangeKind.OPEN
    assert entered(record(CAPTION)) is ChangeKind.OPEN
    assert entered(record(replace(VECTOR, state=State.STALE))) is ChangeKind.OPEN
    assert entered(record(), force=True) is ChangeKind.OPEN


def test_a_permanent_failure_is_counted_again_and_a_passing_one_is_tried_again() -> None:
    for code in ErrorCode:
        known = record(refused(code))
        assert (entered(known) is ChangeKind.FAILED_AGAIN) == (code in PERMANENT)
        assert entered(known, retry=True) is ChangeKind.OPEN


def test_what_was_skipped_or_refused_is_looked_at_again_when_the_readers_change() -> None:
    for verdict in (SKIPPED, *(refused(code) for code in PERMANENT)):
        for older in ("readers-0", None):
            known = record(replace(verdict, reader_version=older))
            assert entered(known) is ChangeKind.OPEN
    well = replace(VECTOR, reader_version="readers-0")
    assert entered(record(well)) is ChangeKind.UNCHANGED
    for retry in (True, False):
        assert entered(record(SKIPPED), retry=retry) is ChangeKind.SKIPPED_AGAIN


def test_a_verdict_on_the_file_counts_for_every_model_and_one_on_its_vector_for_that_one() -> None:
    other = Wanted("another")
    assert entered(record(SKIPPED), wanted=other) is ChangeKind.SKIPPED_AGAIN
    broken = refused(ErrorCode.DECODING_IMAGE)
    assert entered(record(broken), wanted=other) is ChangeKind.FAILED_AGAIN
    assert entered(record(VECTOR, broken)) is ChangeKind.FAILED_AGAIN
    no_vector = replace(refused(ErrorCode.CLIP_INFER), code=ErrorCode.DECODING_IMAGE)
    assert entered(record(no_vector)) is ChangeKind.FAILED_AGAIN
    assert entered(record(no_vector), wanted=other) is ChangeKind.OPEN


def test_a_caption_that_is_wanted_is_there_or_has_a_verdict_that_counts() -> None:
    wanted = Wanted("model", "captioner")
    assert entered(record(VECTOR, CAPTION), wanted=wanted) is ChangeKind.UNCHANGED
    assert entered(record(VECTOR, CAPTION)) is ChangeKind.UNCHANGED
    assert entered(record(VECTOR), wanted=wanted) is ChangeKind.OPEN
    for not_it in (replace(CAPTION, state=State.STALE), replace(CAPTION, model="another")):
        assert entered(record(VECTOR, not_it), wanted=wanted) is ChangeKind.OPEN

    def with_a_failure(attempts: int, *, days: float, readers: str = "readers-1") -> ChangeKind:
        fault = Rejected(ErrorCode.BLIP_INFER, "no word")
        made = caption_failed(fault, model="captioner")
        made = replace(made, reader_version=readers, attempts=attempts, updated_at=JUDGED_AT)
        return entered(record(VECTOR, made), wanted=wanted, days=days)

    assert with_a_failure(1, days=0.9) is ChangeKind.UNCHANGED
    assert with_a_failure(1, days=1) is ChangeKind.OPEN
    assert with_a_failure(3, days=100) is ChangeKind.UNCHANGED
    assert with_a_failure(1, days=0, readers="readers-0") is ChangeKind.OPEN


@pytest.mark.parametrize("code", sorted(PERHAPS_OF_THE_MOMENT))
def test_what_took_too_long_or_ended_a_process_is_tried_on_three_days(code: ErrorCode) -> None:
    def again(attempts: int, *, days: float) -> ChangeKind:
        return entered(record(refused(code, attempts=attempts)), days=days)

    assert again(1, days=0.9) is ChangeKind.FAILED_AGAIN
    assert again(1, days=1) is again(2, days=1) is ChangeKind.OPEN
    assert again(3, days=100) is ChangeKind.FAILED_AGAIN


def test_what_this_job_judged_before_a_restart_is_not_judged_again() -> None:
    for mtime_trusted in (True, False):
        for made in (VECTOR, refused(ErrorCode.FILE_READ)):
            judged = record(made, outcome=Outcome.EMBEDDED, mtime_trusted=mtime_trusted)
            assert entered(judged, force=True) is ChangeKind.DONE
    pending = FileRecord(1, Outcome.PENDING, None, mtime_trusted=False, sha256=None)
    assert entered(pending) is ChangeKind.OPEN


def test_what_this_job_judged_and_the_store_lost_since_is_judged_again() -> None:
    lost = FileRecord(1, Outcome.EMBEDDED, STAT, mtime_trusted=True, sha256=b"sha")
    assert entered(lost) is ChangeKind.OPEN
    stale = record(replace(VECTOR, state=State.STALE), outcome=Outcome.EMBEDDED)
    assert entered(stale) is ChangeKind.OPEN
