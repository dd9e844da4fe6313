"""What the tests of the `photoseek` command share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.stand_in_orchestrator import StandInOrchestrator, stand_in_orchestrator


@pytest.fixture
def orchestrator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInOrchestrator]:
    with stand_in_orchestrator() as (stand_in, port):
        monkeypatch.setenv("ORCHESTRATOR_PORT", str(port))
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))  # no service of this user's
        yield stand_in
