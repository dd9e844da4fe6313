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


def test_a_run_is_compared_with_an_earlier_one(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    ready(orchestrator)
    earlier = tmp_path / "earlier.json"
    figures = {"recall at 1": 0.3165, "cut at 0.5: F1": 0.4}
    before = orchestrator.report.model_copy(
        update={"figures": figures, "about": {"dtype": "float32"}}
    )
    earlier.write_text(before.model_dump_json())
    orchestrator.report = orchestrator.report.model_copy(update={"about": {"dtype": "bfloat16"}})

    def asked(*more: str) -> tuple[int, str, str]:
        found = photoseek("eval", "--images", str(tmp_path), "--compare", str(earlier), *more)
        return found.exit_code, found.stdout, found.stderr

    code, shown, _ = asked()
    lines = shown.splitlines()
    assert code == 0
    assert "dtype\tfloat32\tbfloat16\t" in lines
    assert "recall at 1\t0.3165\t0.3125\t-0.004" in lines
    assert "median rank\t\t4\t" in lines
    assert "cut at 0.5: F1\t0.4\t\t" in lines
    assert asked("--most-lost", "0.005")[0] == 0
    code, _, said = asked("--most-lost", "0.003")
    assert (code, "fell by 0.40 points" in said) == (1, True)
    _, shown, _ = asked("--json")
    assert json.loads(shown)["compared"]["recall at 1"] == {
        "before": 0.3165,
        "now": 0.3125,
        "difference": -0.004,
    }
    earlier.write_text("{}")
    assert asked()[0] == 2
    earlier.unlink()
    assert asked()[0] == 2
    assert photoseek("eval", "--images", str(tmp_path), "--most-lost", "0.1").exit_code == 2
