"""`photoseek eval` against a stand-in orchestrator."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator, job
from utils.contract import JobCounts, JobState


def ready(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [job(JobState.COMPLETED, JobCounts())]
    orchestrator.report = orchestrator.report.model_copy(
        update={
            "kind": "evaluate",
            "numbers": {"images": 8000, "texts": 40000},
            "figures": {"recall at 1": 0.3125, "median rank": 4.0},
        }
    )


def test_eval_imports_asks_and_shows_the_figures(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    ready(orchestrator)
    (tmp_path / "images").mkdir()
    captions = tmp_path / "captions.tsv"
    result = photoseek("eval", "--images", str(tmp_path / "images"), "--captions", str(captions))
    assert result.exit_code == 0, result.output
    assert "images: 8,000" in result.output
    assert "recall at 1: 0.3125" in result.output
    sent = [body for method, path, body in orchestrator.heard if path == "/api/v1/jobs"]
    assert sent == [
        {
            "kind": "evaluate",
            "collection": "evaluation",
            "options": {"captions_path": str(captions)},
        }
    ]
    imported = [body for _, path, body in orchestrator.heard if path == "/api/v1/ingest"]
    assert imported[0]["directory_path"] == str(tmp_path / "images")


def test_its_figures_are_also_json(orchestrator: StandInOrchestrator, tmp_path: Path) -> None:
    ready(orchestrator)
    result = photoseek("eval", "--images", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["figures"]["median rank"] == 4.0
