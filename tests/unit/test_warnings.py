"""Warnings: a stable code, what fills the gaps of its sentence, and the sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import progress_of, progress_text
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.trash.restoring import Left
from ingestion_orchestration_fastapi_app.jobs.progress import WARNINGS, JobProgress
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from utils.contract.warnings import SENTENCES, WarningCode, WarningDetail
from utils.contract.warnings.detail import MAX_CHARACTERS

OF_BEFORE = (
    '{"bytes_read": 0, "active_s": 0, "stages": {}, "log": [], "scan_complete": true,'
    ' "warnings": ["the model is untrained", "cannot list /photos: %s"]'
)


def test_every_code_has_its_sentence_and_every_left_image_its_code() -> None:
    assert set(SENTENCES) == set(WarningCode)
    assert all(code.value == f"WARN_{code.name}" for code in WarningCode)
    left = {code for code in WarningCode if code.name.startswith("LEFT_")}
    assert left == {WarningCode[f"LEFT_{one.name}"] for one in Left}


def test_a_sentence_is_filled_and_its_numbers_are_written_as_english_does() -> None:
    warning = WarningDetail.of(WarningCode.DRY_RUN_SAMPLED, count=12_000, opened=4_096)
    assert warning.detail.startswith("of 12,000 files that would be opened 4,096 were")
    assert warning.params == {"count": 12_000, "opened": 4_096}


def test_a_gap_that_nothing_fills_is_a_bug() -> None:
    with pytest.raises(KeyError):
        WarningDetail.of(WarningCode.FOLDER_UNLISTED, folder="/photos")


@given(folder=st.text(max_size=1_500), reason=st.text(max_size=1_500))
def test_folders_and_reasons_of_any_length_and_any_marks_are_bounded(
    folder: str, reason: str
) -> None:
    warning = WarningDetail.of(WarningCode.FOLDER_UNLISTED, folder=folder, reason=reason)
    told = warning.params
    assert all(len(str(text)) <= MAX_CHARACTERS for text in told.values())
    assert warning.detail == f"cannot list {told['folder']}: {told['reason']}"
    assert len(folder) > MAX_CHARACTERS or told["folder"] == folder


def test_a_long_path_keeps_its_beginning_and_its_end() -> None:
    path = f"/photos/{'deep/' * 300}last"
    shown = str(WarningDetail.of(WarningCode.FOLDER_EXCLUDED, folder=path).params["folder"])
    assert (shown[:8], shown[-5:], "…" in shown) == ("/photos/", "/last", True)


def test_half_a_surrogate_pair_is_told_as_its_byte() -> None:
    warning = WarningDetail.of(WarningCode.NOT_CALIBRATED, reason="no \udcff file")
    assert warning.params == {"reason": "no \\udcff file"}


def test_what_a_job_warned_of_is_kept_with_its_codes() -> None:
    told = (
        WarningDetail.of(WarningCode.MODEL_UNTRAINED),
        WarningDetail.of(WarningCode.FOLDER_UNLISTED, folder="/fotos/ü", reason="not allowed"),
    )
    assert progress_of(progress_text(SavedProgress(warning_details=told))).warning_details == told


@pytest.mark.parametrize(
    "codes", ["", ', "warning_codes": [["WARN_OF_TOMORROW", {"a": 1}], [null, {}]]']
)
def test_sentences_of_other_versions_stay_readable_without_a_code(codes: str) -> None:
    kept = progress_of(OF_BEFORE % r"\udcff" + codes + "}")
    assert kept.warnings == ("the model is untrained", "cannot list /photos: \\udcff")
    assert {(one.code, len(one.params)) for one in kept.warning_details} == {(None, 0)}


def test_a_job_warns_once_and_of_so_many_things_at_most() -> None:
    progress = JobProgress(
        "job", SavedProgress(), kind="ingest", metrics=WorkMetrics(CollectorRegistry())
    )
    for _ in range(2):
        progress.warn(WarningCode.MODEL_UNTRAINED)
    assert len(progress.saved().warning_details) == 1
    for number in range(2 * WARNINGS):
        progress.warn(WarningCode.FOLDER_EXCLUDED, folder=f"/photos/{number}")
    saved = progress.saved()
    assert len(saved.warning_details) == WARNINGS
    resumed = JobProgress("job", saved, kind="ingest", metrics=WorkMetrics(CollectorRegistry()))
    assert resumed.saved().warning_details == saved.warning_details
