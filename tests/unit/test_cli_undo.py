"""`photoseek jobs undo` and `collections empty-trash`: what was removed comes back, or goes."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, StandInOrchestrator
from utils.contract import (
    IngestAccepted,
    JobReport,
    JobState,
    Reply,
    ReportExample,
    ReportFinding,
    TrashEmptied,
)

pytestmark = pytest.mark.usefixtures("removed")


@pytest.fixture
def removed(orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that removed images, two of which are in the collection again."""
    others = orchestrator.answer
    orchestrator.jobs = [one.model_copy(update={"kind": "undo"}) for one in orchestrator.jobs]
    orchestrator.report = JobReport(
        job_id=JOB_ID,
        kind="undo",
        state=JobState.COMPLETED,
        numbers={"restored": 3},
        findings=(
            ReportFinding(
                finding="id_taken",
                count=2,
                mended=0,
                examples=(ReportExample(path="/photos/a.jpg", detail="it is there"),),
            ),
        ),
    )

    def answer(method: str, path: str) -> Reply:
        if (method, path) == ("POST", f"/api/v1/jobs/{JOB_ID}/undo"):
            return IngestAccepted(job_id=JOB_ID, status_url=f"/api/v1/jobs/{JOB_ID}")
        if (method, path) == ("DELETE", "/api/v1/collections/default/trash"):
            return TrashEmptied(emptied=12)
        return others(method, path)

    monkeypatch.setattr(orchestrator, "answer", answer)


def test_a_job_is_undone_and_what_was_left_is_listed() -> None:
    result = photoseek("jobs", "undo", JOB_ID)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "restored 3" in lines
    assert "id_taken: 2" in lines
    assert "  /photos/a.jpg (it is there)" in lines
    assert "Nothing is wrong." not in result.output


def test_its_report_is_there_for_programs(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("jobs", "undo", JOB_ID, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == orchestrator.report.model_dump(mode="json")


def test_it_need_not_be_waited_for(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("jobs", "undo", JOB_ID, "--no-wait")
    assert result.exit_code == 0
    assert "accepted" in result.output
    accepted = photoseek("jobs", "undo", JOB_ID, "--no-wait", "--json")
    assert json.loads(accepted.output)["job_id"] == JOB_ID
    assert {method for method, _, _ in orchestrator.heard} == {"POST"}


def test_the_trash_is_emptied() -> None:
    result = photoseek("collections", "empty-trash")
    assert result.exit_code == 0
    assert result.output == "12 removed images are thrown away.\n"
    answer = json.loads(photoseek("collections", "empty-trash", "--json").output)
    assert answer == {"emptied": 12}
