"""`photoseek verify`, and jobs of its kind among others, against a stand-in orchestrator."""

from __future__ import annotations

import json

from ingestion_orchestration_fastapi_app.cli.commands.jobs import job_row
from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, StandInOrchestrator, job
from utils.contract import ErrorCode, JobCounts, JobReply, JobState, ReportExample, ReportFinding


def check(state: JobState, **changes: object) -> JobReply:
    counts = JobCounts()
    return job(state, counts, kind="verify", directory_path="", total=3, **changes)


LOST = ReportFinding(
    finding="point_missing",
    count=12,
    mended=12,
    examples=tuple(ReportExample(path=f"/photos/{number}\x1b.jpg") for number in range(11)),
)


def test_verify_follows_the_job_and_says_that_nothing_is_wrong(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [
        check(JobState.RUNNING, done=1),
        check(JobState.COMPLETED, done=3),
    ]
    result = photoseek("verify")
    assert result.exit_code == 0
    assert orchestrator.heard[0] == (
        "POST",
        "/api/v1/jobs",
        {"kind": "verify", "collection": "default", "options": {"mend": True}},
    )
    assert "running: 1 of 3 files" in result.output
    assert f"Job {JOB_ID} completed: 3 files looked at." in result.output
    assert "files 3, points 2" in result.output
    assert "Nothing is wrong." in result.output


def test_where_anything_was_wrong_the_exit_status_is_1_also_where_it_is_mended(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [check(JobState.COMPLETED, done=3)]
    orchestrator.report = orchestrator.report.model_copy(update={"findings": (LOST,)})
    result = photoseek("verify", "cats", "--no-mend")
    assert result.exit_code == 1
    assert orchestrator.heard[0][2]["collection"] == "cats"
    assert orchestrator.heard[0][2]["options"] == {"mend": False}
    assert "point_missing: 12, 12 of them mended" in result.output
    assert "and 2 more" in result.output
    assert "\x1b" not in result.output, "a file's name cannot steer the terminal"
    told = photoseek("verify", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["findings"][0]["count"] == 12


def test_a_check_that_failed_says_why(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [
        check(JobState.FAILED, reason="It is torn.", reason_code=ErrorCode.STORE_READ)
    ]
    result = photoseek("verify")
    assert (result.exit_code, result.stderr) == (1, "ERR_STORE_READ: It is torn.\n")
    assert photoseek("verify", "no name").exit_code == 2


def test_jobs_of_every_kind_are_listed_and_shown_with_it(
    orchestrator: StandInOrchestrator,
) -> None:
    """Lines for scripts have the columns of before: a folder's name, with tabs in it, is last."""
    orchestrator.jobs = [check(JobState.COMPLETED, done=3), job(JobState.QUEUED)]
    rows = [job_row(one, short=True) for one in orchestrator.jobs]
    assert [row[1:] for row in rows] == [
        ("verify", "completed", "3 of 3", "0", "default"),
        ("ingest", "queued", "0 of 3", "0", "/photos"),
    ]
    listed = json.loads(photoseek("jobs", "--json").stdout)["jobs"]
    assert [one["kind"] for one in listed] == ["verify", "ingest"]
    shown = photoseek("jobs", "show", JOB_ID)
    assert "verify of the collection default" in shown.output
