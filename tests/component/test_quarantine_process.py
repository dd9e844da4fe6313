"""A real process that dies of a file: started again until it is done, that is three times."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.orchestrator_app import paint
from utils.contract import ErrorCode

PATIENCE_S = 120
IMAGES = 40


@pytest.mark.timeout(4 * PATIENCE_S)
def test_a_file_that_kills_the_orchestrator_is_quarantined_at_the_fourth_start(
    tmp_path: Path,
) -> None:
    for number in range(IMAGES):
        paint(tmp_path / "photos" / f"{number:03d}.png", f"#{number:02x}8040", side_px=48)
    command = [sys.executable, "-m", "tests.component.deadly_orchestrator"]
    ends: list[int] = []
    while not (tmp_path / "result.json").exists():
        assert len(ends) < 4, "it dies again and again"
        done = subprocess.run(
            [*command, str(tmp_path), "020.png"],
            check=False,
            capture_output=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()[-4000:]
        ends.append(done.returncode)
    assert ends == [-signal.SIGKILL] * 3 + [0]
    told = json.loads((tmp_path / "result.json").read_text())
    counts = told["job"]["counts"]
    assert (told["job"]["state"], counts["found"], counts["pending"]) == ("completed", IMAGES, 0)
    assert (counts["failed"], counts["embedded"]) == (1, IMAGES - 1)
    (failure,) = told["failures"]
    assert failure["path"].endswith("/020.png")
    assert failure["code"] == ErrorCode.FILE_QUARANTINED
