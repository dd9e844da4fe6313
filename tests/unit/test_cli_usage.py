"""What `photoseek` refuses before it calls the orchestrator."""

from __future__ import annotations

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--collection", "b!d"),
        ("ingest", "/photos", "--create", "--collection", "b!d"),
        ("search", "x", "--collection", "n" * 64),
        ("roots", "move", "b!d", "/a", "/b"),
        ("roots", "forget", "", "/a"),
        ("ingest", "/x" * 5000),
        ("roots", "add", "/x" * 5000),
        ("roots", "remove", "/x" * 5000),
        ("roots", "remove", "/photos/\udcff"),
        ("roots", "forget", "default", "/photos/\udcff"),
    ],
)
def test_what_no_call_can_carry_is_wrong_usage(
    orchestrator: StandInOrchestrator, arguments: tuple[str, ...]
) -> None:
    assert photoseek(*arguments).exit_code == 2
    assert orchestrator.heard == []


@pytest.mark.parametrize("job_id", ["/x" * 40, "é" * 32, "..", "?" * 32])
def test_what_is_no_jobs_id_is_said_without_a_call(
    orchestrator: StandInOrchestrator, job_id: str
) -> None:
    result = photoseek("jobs", "show", job_id)
    assert result.exit_code == 1
    assert "ERR_JOB_NOT_FOUND" in result.output
    assert orchestrator.heard == []
