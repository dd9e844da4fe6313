"""`photoseek sidecars`: asked for over the API, and followed to the job's end."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, StandInOrchestrator
from utils.contract import IngestAccepted, Reply, ReportFinding

PATH = "/api/v1/sidecars/write"


@pytest.fixture(autouse=True)
def writing(orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    others = orchestrator.answer

    def answer(method: str, path: str) -> Reply:
        if (method, path) == ("POST", PATH):
            return IngestAccepted(job_id=JOB_ID, status_url=f"/api/v1/jobs/{JOB_ID}")
        return others(method, path)

    monkeypatch.setattr(orchestrator, "answer", answer)


def test_what_is_written_is_said_by_options(orchestrator: StandInOrchestrator) -> None:
    asked = ("--folder", "/photos/2019", "--tag", "print", "--captions", "--label", "Green")
    assert photoseek("sidecars", "write", "italy", *asked).exit_code == 0
    method, path, body = orchestrator.heard[0]
    assert (method, path) == ("POST", PATH)
    assert body == {
        "collection": "italy",
        "filters": {"folder": "/photos/2019", "tags": ["print"]},
        "captions": True,
        "label": "Green",
        "skip_read_only": False,
    }
    assert photoseek("sidecars", "write", "--no-label", "--no-wait").exit_code == 0
    assert orchestrator.heard[-1][2]["label"] is None
    assert photoseek("sidecars", "write", "--label", "Pink").exit_code == 2


def test_the_report_is_shown_and_a_refusal_is_a_fault(orchestrator: StandInOrchestrator) -> None:
    found = ReportFinding(finding="ERR_SIDECAR", count=1, mended=0, examples=())
    orchestrator.report = orchestrator.report.model_copy(
        update={"numbers": {"written": 2}, "findings": (found,)}
    )
    ended = photoseek("sidecars", "write", "--json")
    assert ended.exit_code == 1
    told = json.loads(ended.stdout)
    assert (told["numbers"], told["findings"][0]["finding"]) == ({"written": 2}, "ERR_SIDECAR")
