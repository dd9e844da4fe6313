"""What the ledger keeps of sessions, for SQLite and for its twin."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from tests.unit.ledger_words import NOW, a_ledger

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


def a_session(name: str, *, made: int = 0, days: int = 30) -> SessionRecord:
    made_at = NOW + made * DAY
    return SessionRecord(name.encode(), ("read", "write"), made_at, made_at + days * DAY)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_session_is_found_until_it_is_ended(kind: str, tmp_path: Path) -> None:
    async with a_ledger(kind, tmp_path) as ledger:
        one, other = a_session("one"), a_session("other")
        await ledger.sessions.add(one)
        await ledger.sessions.add(other)
        assert await ledger.sessions.find(b"one") == one
        await ledger.sessions.end(b"one")
        await ledger.sessions.end(b"one")
        assert await ledger.sessions.find(b"one") is None
        assert await ledger.sessions.find(b"other") == other


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_sessions_that_are_over_and_those_above_the_bound_are_forgotten(
    kind: str, tmp_path: Path
) -> None:
    async with a_ledger(kind, tmp_path) as ledger:
        await ledger.sessions.add(a_session("old", days=1))
        await ledger.sessions.add(a_session("later", made=2))
        assert await ledger.sessions.find(b"old") is None
        for number in range(1000):
            await ledger.sessions.add(a_session(f"n{number}", made=3))
        assert await ledger.sessions.find(b"later") is None
        assert await ledger.sessions.find(b"n0") is not None
        assert await ledger.sessions.find(b"n999") is not None
