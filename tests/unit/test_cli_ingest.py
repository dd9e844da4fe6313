"""`photoseek ingest` and `photoseek jobs`, against a small stand-in for the orchestrator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import (
    JOB_ID,
    RETRY_ID,
    SETTLED,
    StandInOrchestrator,
    job,
)
from utils.contract import ErrorCode, JobReport, JobState, ReportExample, ReportFinding


def test_ingest_follows_the_job_and_lists_failures_by_code(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    orchestrator.jobs = [
        job(JobState.QUEUED),
        job(JobState.WAITING_FOR_ML, reason="the service is loading"),
        job(JobState.COMPLETED, SETTLED),
    ]
    result = photoseek("ingest", str(tmp_path), "--force", "--no-recursive")
    assert result.exit_code == 0
    body = orchestrator.heard[0][2]
    assert (body["directory_path"], body["force"], body["recursive"]) == (
        str(tmp_path),
        True,
        False,
    )
    assert "waiting_for_ml (the service is loading): 0 of 3 files" in result.output
    assert "2.5 images/s, 0 failed, ETA 1:01" in result.output
    assert "ERR_FILE_EMPTY: 2" in result.output
    assert "/photos/a.jpg (empty)" in result.output
    assert "\x1b" not in result.output, "a file's name cannot steer the terminal"
    assert f"photoseek jobs failures {JOB_ID}" in result.output


@pytest.mark.parametrize("word", ["pause", "resume", "cancel"])
def test_a_job_is_controlled_by_its_id(orchestrator: StandInOrchestrator, word: str) -> None:
    orchestrator.jobs = [job(JobState.PAUSED, reason="paused on request")]
    result = photoseek("jobs", word, JOB_ID)
    assert result.exit_code == 0
    assert result.output.startswith(f"Job {JOB_ID} paused (paused on request): 0 of 3 files")
    assert orchestrator.heard == [("POST", f"/api/v1/jobs/{JOB_ID}/{word}", {})]


def test_trying_failed_files_again_names_the_new_job(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("jobs", "retry-failed", JOB_ID)
    said = f"Job {RETRY_ID} accepted; see `photoseek jobs show {RETRY_ID}`.\n"
    assert (result.exit_code, result.output) == (0, said)


def test_a_stopped_removal_is_told_with_its_code_and_exit_status_1(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [
        job(JobState.COMPLETED, reason="Very many.", reason_code=ErrorCode.DELETE_GUARD)
    ]
    result = photoseek("ingest", "/photos", "--sync")
    assert (result.exit_code, result.stderr) == (1, "ERR_DELETE_GUARD: Very many.\n")
    orchestrator.jobs = [job(JobState.COMPLETED, removed=7)]
    result = photoseek("ingest", "/photos", "--sync", "--confirm-deletes")
    assert result.exit_code == 0
    assert "7 removed" in result.output
    posted = [body for _, path, body in orchestrator.heard if path == "/api/v1/ingest"]
    assert [(body["sync"], body["confirm_deletes"]) for body in posted] == [
        (True, False),
        (True, True),
    ]
    assert photoseek("ingest", "/photos", "--confirm-deletes").exit_code == 2


def test_ingest_sends_several_folders_and_files_as_paths(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    orchestrator.jobs = [job(JobState.COMPLETED, SETTLED)]
    one = tmp_path / "one.jpg"
    one.touch()
    assert photoseek("ingest", str(tmp_path), str(one)).exit_code == 0
    assert photoseek("ingest", str(one)).exit_code == 0
    posted = [body for _, path, body in orchestrator.heard if path == "/api/v1/ingest"]
    assert [(body["directory_path"], body["paths"]) for body in posted] == [
        (None, [str(tmp_path), str(one)]),
        (None, [str(one)]),
    ]
    many = photoseek("ingest", *["/photos"] * 257)
    assert (many.exit_code, "256 are the most" in many.output) == (2, True)


def test_jobs_name_the_first_of_several_paths_and_count_the_others(
    orchestrator: StandInOrchestrator,
) -> None:
    paths = ("/photos/a.jpg", "/photos/2024", "/photos/2023")
    several = job(JobState.COMPLETED, SETTLED).model_copy(update={"paths": paths})
    orchestrator.jobs = [several.model_copy(update={"directory_path": paths[0]})]
    shown = photoseek("jobs", "show", JOB_ID)
    assert "Directory /photos/a.jpg and 2 more, into default" in shown.output


def test_a_dry_run_tells_counts_time_and_space_and_remembers_no_folder(
    orchestrator: StandInOrchestrator,
) -> None:
    ended = job(JobState.COMPLETED).model_copy(update={"kind": "dry_run"})
    orchestrator.jobs = [ended]
    numbers = {
        **dict.fromkeys(("found", "new", "to_open", "looked_into"), 1200),
        **{"embedded": 1100, "cached": 60, "skipped": 40, "failed": 0, "missing": 3},
        **{"bytes_needed": 33_000_000, "bytes_free": 10**11, "bytes_kept_free": 10**9},
    }
    example = ReportExample(path="/photos/a\x1b.txt", point_id="", detail="")
    skipped = ReportFinding(finding="skipped: text", count=40, mended=0, examples=(example,))
    orchestrator.report = JobReport(
        job_id=JOB_ID,
        kind="dry_run",
        state=JobState.COMPLETED,
        numbers=numbers,
        findings=(skipped,),
        figures={"seconds_low": 61.0, "seconds_high": 3700.0},
    )
    result = photoseek("ingest", "/photos", "--dry-run")
    assert result.exit_code == 0
    for said in (
        "1,200 files (1,200 new, 0 changed, 0 unchanged): 1,100 to embed, 60 known",
        "40 no images, 0 that fail. Of 3 known images",
        "Time: 0:01:01 to 1:01:40.",
        "Space: 33.0 MB of 100,000.0 MB free",
        "skipped: text: 40\n  /photos/a\\x1b.txt\n  and 39 more",
    ):
        assert said in result.output
    assert orchestrator.heard[0][2]["dry_run"] is True
    assert not [path for _, path, _ in orchestrator.heard if path.endswith("/roots")]
    assert '"figures"' in photoseek("ingest", "/photos", "--dry-run", "--json").output
    assert photoseek("ingest", "/photos", "--dry-run", "--watch").exit_code == 2


@pytest.mark.parametrize(
    ("figures", "said"),
    [({}, "Time: nobody can tell"), ({"seconds_low": 9.0}, "Time: 0:00:09 at least")],
)
def test_a_dry_run_says_what_it_cannot_tell(
    orchestrator: StandInOrchestrator, figures: dict[str, float], said: str
) -> None:
    orchestrator.jobs = [job(JobState.COMPLETED).model_copy(update={"kind": "dry_run"})]
    update = {"kind": "dry_run", "findings": (), "figures": figures}
    orchestrator.report = orchestrator.report.model_copy(update=update)
    assert said in photoseek("ingest", "/photos", "--dry-run").output


def test_ingest_sends_an_absolute_path(
    orchestrator: StandInOrchestrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photoseek("ingest", "my photos", "--no-wait")
    assert orchestrator.heard[0][2]["directory_path"] == str(tmp_path / "my photos")


def test_ingest_says_whether_to_watch_only_when_told_to(orchestrator: StandInOrchestrator) -> None:
    for option in ((), ("--watch",), ("--no-watch",)):
        photoseek("ingest", "/photos", "--no-wait", *option)
    assert [body["watch"] for _, _, body in orchestrator.heard] == [None, True, False]


def test_ingest_without_waiting_names_the_job(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("ingest", "/photos", "--no-wait")
    assert result.exit_code == 0
    assert JOB_ID in result.output
    assert len(orchestrator.heard) == 1


def test_ingest_creates_a_collection_only_when_told_to(orchestrator: StandInOrchestrator) -> None:
    photoseek("ingest", "/photos", "--collection", "cats", "--no-wait")
    assert [path for _, path, _ in orchestrator.heard] == ["/api/v1/ingest"]
    photoseek("ingest", "/photos", "--collection", "cats", "--no-wait", "--create")
    assert orchestrator.heard[1] == ("POST", "/api/v1/collections", {"name": "cats"})


def test_a_failed_job_is_exit_status_1_with_its_reason(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [
        job(JobState.FAILED, reason="Another model.", reason_code=ErrorCode.MODEL_MISMATCH)
    ]
    result = photoseek("ingest", "/photos")
    assert result.exit_code == 1
    assert "ERR_MODEL_MISMATCH: Another model." in result.stderr
