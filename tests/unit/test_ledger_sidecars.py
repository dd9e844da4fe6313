"""Sidecars that were written, for SQLite and for its twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import (
    MarkChange,
    PendingSidecar,
    SidecarRecord,
    SidecarsWritten,
    WrittenSidecar,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    NOTHING,
    SidecarValues,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import STAT, a_ledger, complete, key, running, stored

pytestmark = pytest.mark.anyio

ONE, OTHER = key(b"one.jpg"), key(b"\xff/other.jpg")
FIRST = WrittenSidecar(b"1" * 32, SidecarValues(rating=3, tags=("Übung", "a|b")))
SECOND = WrittenSidecar(b"2" * 32, SidecarValues(label="Red", is_picked=True))


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with a_ledger(request.param, tmp_path) as opened:
        yield opened


def pending(written: WrittenSidecar, *, name: bytes = b"one.jpg.xmp") -> SidecarRecord:
    return SidecarRecord(ONE, name, pending=PendingSidecar(written, mark=-7))


async def test_what_is_written_is_known_with_what_is_about_to_be(ledger: Ledger) -> None:
    collection = await ledger.collections.create("a", identity="a")
    sidecars = ledger.sidecars

    async def found() -> SidecarRecord | None:
        return (await sidecars.find(collection.id, [ONE, OTHER])).get(ONE)

    await sidecars.begin(collection.id, [pending(FIRST)])
    assert await found() == pending(FIRST)
    done = SidecarRecord(ONE, b"one.jpg.xmp", FIRST)
    await sidecars.end(collection.id, SidecarsWritten(done=[done]))
    assert await found() == done
    await sidecars.begin(collection.id, [pending(SECOND)])
    both = replace(pending(SECOND), written=FIRST)
    assert await found() == both
    assert both.put_in(FIRST.sha256) == both.put_in(None) == FIRST.put
    assert both.put_in(SECOND.sha256) == SECOND.put
    await sidecars.end(collection.id, SidecarsWritten(given_up=[ONE, OTHER]))
    assert await found() == done
    await sidecars.begin(collection.id, [pending(SECOND, name=b"one.xmp")])
    moved = await found()
    assert moved is not None
    assert (moved.name, moved.written, moved.put_in(None)) == (b"one.xmp", None, NOTHING)
    await sidecars.end(collection.id, SidecarsWritten(given_up=[ONE]))
    assert await found() is None, "nothing was ever written of it"


async def test_they_go_with_their_collection(ledger: Ledger) -> None:
    collection = await ledger.collections.create("a", identity="a")
    await ledger.sidecars.begin(collection.id, [pending(FIRST)])
    await ledger.collections.delete(collection.id)
    assert await ledger.sidecars.find(collection.id, [ONE]) == {}
    with pytest.raises(CollectionNotFound):
        await ledger.sidecars.begin(collection.id, [pending(FIRST)])


async def test_a_file_is_marked_only_where_its_mark_is_still_the_one_of_before(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    marked = replace(STAT, sidecar_mark=-5)
    await complete(ledger, made, replace(stored(b"one.jpg"), stat=marked))

    async def stat() -> FileStat | None:
        return (await ledger.files.recall(made.id, [ONE]))[ONE].stat

    for before, after, expected in ((1, 2, -5), (-5, 9, 9), (-5, 8, 9), (9, 0, 0)):
        changes = [MarkChange(made.id, ONE, before, after), MarkChange(99, ONE, before, after)]
        await ledger.sidecars.end(made.id, SidecarsWritten(marks=changes))
        assert await stat() == replace(STAT, sidecar_mark=expected)
