"""Files in work: on the disk before they are opened, a suspect with the process for itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from anyio import create_task_group, fail_after, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.files.quarantine import (
    DecodeStart,
    Turn,
    version_of,
)
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.ingest.suspects.crash_suspects import (
    CrashSuspects,
    DecodeGate,
    crash_suspects_of,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.memory_ledger import memory_ledger
from tests.unit.ledger_words import STAT

pytestmark = pytest.mark.anyio

A, B, C, D = (UUID(int=number) for number in range(4))
VERSION = version_of(STAT)


async def durably(write: Callable[[], Awaitable[None]]) -> None:
    await write()


@asynccontextmanager
async def two_jobs() -> AsyncIterator[tuple[Ledger, CrashSuspects, CrashSuspects]]:
    """Of two collections, the first with A and B as suspects."""
    ledger, turns = memory_ledger(), DecodeGate()
    first = (await ledger.collections.create("first", identity="first")).id
    second = (await ledger.collections.create("second", identity="second")).id
    suspects = [DecodeStart(one, VERSION) for one in (A, B)]
    await ledger.artefacts.note_decoding(first, suspects, [])
    async with (
        crash_suspects_of(ledger.artefacts, first, turns, clean=False) as ours,
        crash_suspects_of(ledger.artefacts, second, turns, clean=False) as theirs,
    ):
        yield ledger, ours, theirs


async def test_a_suspect_waits_for_the_files_of_all_jobs_and_they_for_it() -> None:
    async with two_jobs() as (ledger, ours, theirs):
        went: list[UUID] = []

        async def go(point_id: UUID) -> None:
            went.append(point_id)

        with fail_after(60):
            async with create_task_group() as tg:
                await theirs.admit({C: STAT}, durably)
                tg.start_soon(ours.admit_isolated, {A: STAT, B: STAT}, durably, go)
                await wait_all_tasks_blocked()
                assert went == []
                theirs.release(C)
                await wait_all_tasks_blocked()
                assert went == [A]
                assert (await ledger.artefacts.decode_starts(1))[A].alone == 1
                tg.start_soon(theirs.admit, {D: STAT}, durably)
                await wait_all_tasks_blocked()
                assert D not in await ledger.artefacts.decode_starts(2)
                ours.release(A)
                await wait_all_tasks_blocked()
                assert went == [A, B]
                assert set(await ledger.artefacts.decode_starts(1)) == {B}
                ours.release(B)
        assert await ledger.artefacts.decode_starts(1) == {}
        assert set(await ledger.artefacts.decode_starts(2)) == {D}


async def test_the_end_of_a_file_is_written_with_the_next_start() -> None:
    async with two_jobs() as (ledger, ours, _):
        await ours.admit({C: STAT}, durably)
        ours.release(C)
        assert C in await ledger.artefacts.decode_starts(1)
        await ours.admit({A: STAT}, durably)
        assert set(await ledger.artefacts.decode_starts(1)) == {A, B}
    assert set(await ledger.artefacts.decode_starts(1)) == {B}, (
        "an untried suspect outlives a clean stop"
    )


async def test_a_lone_file_is_a_suspect_no_longer_than_it_is_decoded() -> None:
    """What waits to be taken on, perhaps for hours, is marked no more, and lets no other in."""
    async with two_jobs() as (ledger, ours, _), create_task_group() as tg:
        went: list[UUID] = []

        async def go(point_id: UUID) -> None:
            went.append(point_id)

        tg.start_soon(ours.admit_isolated, {A: STAT, B: STAT}, durably, go)
        await wait_all_tasks_blocked()
        assert ours.has_isolated_file
        ours.decoded(A)
        await wait_all_tasks_blocked()
        assert went == [A]
        assert not ours.has_isolated_file
        assert set(await ledger.artefacts.decode_starts(1)) == {B}
        ours.release(A)
        await wait_all_tasks_blocked()
        assert went == [A, B]
        ours.release(B)


async def test_who_asks_for_files_in_spite_of_all_gives_them_a_clean_record() -> None:
    async with two_jobs() as (ledger, ours, _):
        assert ours.turn(A, STAT) is Turn.ALONE
    async with crash_suspects_of(ledger.artefacts, 1, DecodeGate(), clean=True) as cleared:
        assert cleared.turn(A, STAT) is Turn.TOGETHER
        assert await ledger.artefacts.decode_starts(1) == {}


async def test_a_ledger_that_cannot_be_written_does_not_keep_a_stop_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with two_jobs() as (ledger, ours, _):
        await ours.admit({C: STAT}, durably)

        async def full(
            collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
        ) -> None:
            raise StoreWrite("no")

        monkeypatch.setattr(ledger.artefacts, "note_decoding", full)
    assert C in await ledger.artefacts.decode_starts(1), "it is tried alone next time, no more"
