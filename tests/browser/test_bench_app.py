"""`photoseek bench app` opens the app over a library that it makes, jumps, and scrolls through."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = "from ingestion_orchestration_fastapi_app.cli import main; main()"


@pytest.mark.usefixtures("chromium")
def test_bench_app_measures_openings_jumps_and_what_is_held() -> None:
    asked = ("bench", "app", "--count", "1000", "--quick", "--json")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *asked], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert [len(said[way]) for way in ("openings", "by_address", "by_scrubber")] == [1, 2, 2]
    assert all(one["ms"] > 0 and one["tiles"] > 0 for one in said["openings"])
    assert all(one["heap_mib"] > 0 and one["nodes"] > 0 for one in said["memory"])
    assert len(said["memory"]) == 4
    assert [target["wanted"] for target in said["targets"]] == [1500, 500, 500, 1.1, 1.1, 0.05]
