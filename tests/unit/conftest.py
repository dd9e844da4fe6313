"""What several tests share: a ledger of each kind, and an orchestrator for the command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import a_ledger
from tests.unit.stand_in_orchestrator import StandInOrchestrator, stand_in_orchestrator


@pytest.fixture
def orchestrator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInOrchestrator]:
    with stand_in_orchestrator() as (stand_in, port):
        monkeypatch.setenv("ORCHESTRATOR_PORT", str(port))
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))  # no service of this user's
        yield stand_in


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with a_ledger(request.param, tmp_path) as opened:
        yield opened
