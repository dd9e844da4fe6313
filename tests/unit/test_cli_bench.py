"""`photoseek bench` runs a benchmark of the checkout, or says why it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ingestion_orchestration_fastapi_app.cli_bench import run_benchmark


def photoseek(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from ingestion_orchestration_fastapi_app.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


def test_bench_raw_measures_all_ways_in_one_run_and_prints_json() -> None:
    ran = photoseek("bench", "raw", "--count", "2", "--megapixels", "1", "--rounds", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["machine"]["cores"] >= 1
    assert [row["key"] for row in said["rows"]] == [
        "preview_full",
        "preview_small",
        "developed",
        "jpeg",
    ]
    assert all(row["ms_per_image"] > 0 for row in said["rows"])
    assert [target["wanted"] for target in said["targets"]] == [20, 1, 20, 1]


def test_bench_ingest_measures_stages_bound_and_baseline_in_one_run() -> None:
    options = ("--count", "8", "--megapixels", "0.2", "--rounds", "1", "--json")
    ran = photoseek("bench", "ingest", *options)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)["result"]
    assert [stage["name"] for stage in result["stages"]] == ["hash", "decode", "inference", "store"]
    assert result["bound_images_per_s"] > 0
    assert result["baseline_images_per_s"] > 0
    assert len(result["rounds_images_per_s"]) == 1


def test_a_wrong_option_is_wrong_usage() -> None:
    ran = photoseek("bench", "raw", "--no-such-option")
    assert ran.returncode == 2
    assert "--no-such-option" in ran.stderr


def test_without_a_checkout_it_is_said_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run_benchmark("raw", [], checkout=tmp_path)
    assert ended.value.exit_code == 1
    assert "checkout" in capsys.readouterr().err
