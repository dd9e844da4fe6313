"""The rules of a ledger on decodings in work, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import a_ledger, complete, failed, file_start, pid, running, stored
from utils.contract import JobState

pytestmark = pytest.mark.anyio

A, B, C = (DecodeStart(pid(name), "10-20") for name in (b"a", b"b", b"c"))


async def test_starts_come_back_until_they_end(ledger: Ledger) -> None:
    made = await running(ledger)
    assert await ledger.artefacts.decode_starts(made.id) == {}
    await ledger.artefacts.note_decoding(made.id, [A, B], [])
    await ledger.artefacts.note_decoding(made.id, [C], [A.point_id])
    assert await ledger.artefacts.decode_starts(made.id) == {B.point_id: B, C.point_id: C}
    await ledger.artefacts.note_decoding(made.id, [], [B.point_id, C.point_id, A.point_id])
    assert await ledger.artefacts.decode_starts(made.id) == {}


async def test_a_later_start_takes_the_place_of_an_earlier_one(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.artefacts.note_decoding(made.id, [A], [])
    alone = replace(A, version="11-20", alone=2)
    await ledger.artefacts.note_decoding(made.id, [alone], [A.point_id])
    assert await ledger.artefacts.decode_starts(made.id) == {A.point_id: alone}


async def test_what_is_completed_has_ended_whatever_it_came_to(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(name) for name in (b"a", b"b", b"c")])
    await ledger.artefacts.note_decoding(made.id, [A, B, C], [])
    await complete(ledger, made, stored(b"a"), failed(b"b"))
    assert await ledger.artefacts.decode_starts(made.id) == {C.point_id: C}


async def test_starts_are_a_collections_own_and_go_with_it(ledger: Ledger) -> None:
    made = await running(ledger)
    other = await ledger.collections.create("other", identity="other")
    await ledger.artefacts.note_decoding(made.id, [A], [])
    await ledger.artefacts.note_decoding(other.id, [A], [])
    await ledger.jobs.move("job-1", JobState.CANCELLED)
    await ledger.collections.delete(made.id)
    assert await ledger.artefacts.decode_starts(other.id) == {A.point_id: A}


async def test_starts_outlive_the_process(tmp_path: Path) -> None:
    async with a_ledger("sqlite", tmp_path) as opened:
        made = await running(opened)
        await opened.artefacts.note_decoding(made.id, [A, replace(B, alone=2)], [])
    async with a_ledger("sqlite", tmp_path) as reopened:
        assert await reopened.artefacts.decode_starts(made.id) == {
            A.point_id: A,
            B.point_id: replace(B, alone=2),
        }
