"""`photoseek jobs`: which jobs, and which of their failures, are asked for."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, StandInOrchestrator


def asked(orchestrator: StandInOrchestrator, path: str) -> list[tuple[str, str]]:
    """The parameters of the one call to that path."""
    (call,) = [one[1] for one in orchestrator.heard if urlsplit(one[1]).path == f"/api/v1{path}"]
    return parse_qsl(urlsplit(call).query)


@pytest.mark.parametrize("command", [("jobs",), ("jobs", "list")])
def test_jobs_are_listed_by_state_and_collection(
    orchestrator: StandInOrchestrator, command: tuple[str, ...]
) -> None:
    states = ("--state", "failed", "--state", "running")
    result = photoseek(*command, *states, "--collection", "cats", "--limit", "7")
    assert result.exit_code == 0, result.output
    assert sorted(asked(orchestrator, "/jobs")) == [
        ("collection", "cats"),
        ("limit", "7"),
        ("state", "failed"),
        ("state", "running"),
    ]


def test_failures_are_listed_by_code(orchestrator: StandInOrchestrator) -> None:
    codes = ("--code", "ERR_FILE_EMPTY", "--code", "ERR_DECODING_IMAGE")
    result = photoseek("jobs", "failures", JOB_ID, *codes)
    assert result.exit_code == 0, result.output
    sent = [
        value for name, value in asked(orchestrator, f"/jobs/{JOB_ID}/failures") if name == "code"
    ]
    assert sent == ["ERR_FILE_EMPTY", "ERR_DECODING_IMAGE"]
    assert photoseek("jobs", "failures", JOB_ID, "--code", "ERR_COOKED").exit_code == 2


def test_what_is_no_state_of_a_job_is_wrong_usage(orchestrator: StandInOrchestrator) -> None:
    assert photoseek("jobs", "--state", "cooking").exit_code == 2
    assert orchestrator.heard == []
