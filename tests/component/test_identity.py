"""A collection's identity is made once: neither its name nor a lost ledger changes a point's id."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    new_identity,
    point_id,
    root_at,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.errors import DiskFull
from tests.component.bench import Bench, mixed_folder
from tests.memory_ledger import memory_ledger

pytestmark = pytest.mark.anyio


def test_a_name_that_is_used_again_gets_another_identity() -> None:
    first = new_identity("trip", ())
    second = new_identity("trip", {first})
    assert first == new_identity("trip", {"trip"})
    assert len({first, second, new_identity("trip", {first, second}), new_identity("t", ())}) == 4


async def test_the_table_remembers_the_identity_of_a_lost_ledger() -> None:
    bench = Bench()
    made = await bench.ledger.collections.create("default", identity="made under another name")
    await bench.collections().roots.add(made, bench.library.root.path)
    mixed_folder(bench.library)
    await bench.job()
    expected = await bench.rows()
    root = bench.library.root.id
    assert point_id("made under another name", root, b"000.jpg") in expected
    inferred = len(bench.inference.inferred)
    bench.ledger = memory_ledger()
    await bench.job()
    assert await bench.rows() == expected
    assert len(bench.inference.inferred) == inferred + 1  # the one that never had a vector
    found = await bench.ledger.collections.find("default")
    assert found is not None
    assert found.identity == made.identity


async def test_a_table_that_knows_no_identity_keeps_the_ids_that_its_name_gave() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.store.create("default", dim=8)
    await bench.job()
    assert point_id("default", bench.library.root.id, b"000.jpg") in await bench.rows()


async def test_a_restored_ledger_takes_the_identity_of_a_newer_table() -> None:
    """It is of the time before the collection was deleted and made again."""
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    expected = await bench.rows()
    bench.ledger = memory_ledger()
    old = await bench.ledger.collections.create("default", identity="of before")
    fingerprint = bench.inference.told.clip.fingerprint
    new = NewGeneration("default", "fake", "", 8, fingerprint)
    await bench.ledger.generations.bind(old.id, new, synced_version=0)
    await bench.resumed()
    await bench.job()
    assert await bench.rows() == expected


async def test_collections_of_before_keep_the_name_that_their_ids_were_made_of(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:13])
    db.execute("INSERT INTO collections (name) VALUES ('default'), ('Trip 1')")
    db.close()
    async with open_ledger(path) as ledger:
        found = await ledger.collections.list_all()
        assert [one.identity for one in found] == ["Trip 1", "default"]


@pytest.mark.parametrize("cut_off", ["artefacts.reconcile", "roots.adopt"])
async def test_a_table_of_a_lost_ledger_is_looked_through_until_that_is_done(cut_off: str) -> None:
    """Else its points would be written beside themselves, and its roots be forgotten."""
    bench = Bench()
    mixed_folder(bench.library)
    elsewhere = root_at(b"/elsewhere")
    made = await bench.collection()
    await bench.ledger.roots.add(made.id, elsewhere)
    await bench.job()
    expected = await bench.rows()
    bench.ledger = memory_ledger()
    repository, method = cut_off.split(".")
    owner = getattr(bench.ledger, repository)
    whole = getattr(owner, method)

    async def full(*_: object, **__: object) -> None:
        setattr(owner, method, whole)
        raise DiskFull("no space left on device")

    setattr(owner, method, full)
    with suppress(DiskFull):
        await bench.collection()
    await bench.job()
    assert await bench.rows() == expected
    found = await bench.ledger.collections.find("default")
    assert found is not None
    assert elsewhere in found.roots
