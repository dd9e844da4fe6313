"""The rules of a ledger on generations, for SQLite and for its twin."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.library_models import library_models
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.artefacts import stored as vector
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
    new_table_name,
    table_name,
)
from ingestion_orchestration_fastapi_app.errors import CollectionExists, CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    NOW,
    ROOT,
    bound,
    complete,
    failed,
    key,
    pid,
    running,
    stored,
)
from utils.contract import ErrorCode
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

SECOND = NewGeneration("default-2", "n", "w2", 768, "fp2")


async def of_default(ledger: Ledger) -> CollectionRecord:
    found = await ledger.collections.find("default")
    assert found is not None
    return found


def states(collection: CollectionRecord) -> dict[str, GenerationState]:
    return {one.table: one.state for one in collection.generations}


async def test_a_second_generation_fills_beside_the_active_one(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    active = await bound(ledger, made)
    filling = await ledger.generations.create(made.id, SECOND)
    assert (filling.state, filling.synced_version) == (GenerationState.FILLING, None)
    assert (filling.created_at, filling.activated_at) == (NOW, None)
    assert await ledger.generations.create(made.id, SECOND) == filling
    assert await ledger.generations.create(made.id, MODEL) == active
    await ledger.generations.set_synced_version(filling.id, 4, only_newer=True)
    await ledger.generations.set_synced_version(filling.id, 5)
    await ledger.generations.set_synced_version(filling.id, 4, only_newer=True)
    found = await of_default(ledger)
    assert found.generations == (active, replace(filling, synced_version=5))
    assert found.bound() == active
    assert await ledger.generations.taken_tables() == {"default", "default-2"}
    with pytest.raises(CollectionNotFound):
        await ledger.generations.create(99, SECOND)


async def test_to_activate_one_is_to_retire_the_other(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    first = await bound(ledger, made)
    second = await ledger.generations.create(made.id, SECOND)
    for _ in range(2):
        await ledger.generations.activate(second.id)
        now = await of_default(ledger)
        retired, active = GenerationState.RETIRED, GenerationState.ACTIVE
        assert states(now) == {"default": retired, "default-2": active}
        assert (now.model, now.fingerprint, now.bound().activated_at) == ("n", "fp2", NOW)
    await ledger.generations.activate(first.id)  # back
    assert (await of_default(ledger)).bound() == first


async def test_a_removed_generation_leaves_its_table_to_be_dropped(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    active = await bound(ledger, made)
    second = await ledger.generations.create(made.id, SECOND)
    with pytest.raises(ValueError, match="stays"):
        await ledger.generations.remove(active.id)
    for _ in range(2):
        await ledger.generations.remove(second.id)
    assert (await of_default(ledger)).generations == (active,)
    assert await ledger.collections.dropped_tables() == ["default-2"]
    assert await ledger.generations.taken_tables() == {"default", "default-2"}
    with pytest.raises(CollectionNotFound):
        await ledger.generations.activate(second.id)
    again = await ledger.generations.create(made.id, replace(SECOND, table="default-3"))
    assert again.id != second.id


async def test_all_tables_go_with_their_collection(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    await bound(ledger, made)
    await ledger.generations.create(made.id, SECOND)
    await ledger.collections.put_words_table(made.id, "default-words", synced_version=7)
    known = await of_default(ledger)
    assert (known.words_table, known.words_version) == ("default-words", 7)
    tables = ["default", "default-2", "default-words"]
    assert await ledger.generations.taken_tables() == set(tables)
    await ledger.collections.delete(made.id)
    assert await ledger.collections.dropped_tables() == tables
    with pytest.raises(CollectionNotFound):
        await ledger.collections.put_words_table(made.id, "default-words", synced_version=None)


async def test_another_table_of_words_lets_the_former_be_dropped(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    for table in ("default.words", "default.words", "default.words2"):
        await ledger.collections.put_words_table(made.id, table, synced_version=None)
    known = await of_default(ledger)
    assert (known.words_table, known.words_version) == ("default.words2", None)
    assert await ledger.collections.dropped_tables() == ["default.words"]


async def test_a_collection_without_a_table_takes_none_of_another(ledger: Ledger) -> None:
    made = await ledger.collections.create("other", identity="other")
    await ledger.generations.bind(made.id, MODEL, synced_version=1)
    unbound = await ledger.collections.create("default", identity="default")
    await ledger.collections.delete(unbound.id)
    assert await ledger.collections.dropped_tables() == []


def test_a_new_table_has_a_name_of_its_own() -> None:
    taken: set[str] = set()
    for collection in ("default", "default", "Trip 1", "default", "Trip 1"):
        name = new_table_name(collection, taken)
        assert name not in taken
        taken.add(name)
        assert table_name(name) == name or "." in name, "any file system takes it"
    assert {"default", table_name("Trip 1")} <= taken


async def test_a_ledger_of_before_knows_the_tables_that_its_collections_had(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:14])
    db.execute(
        "INSERT INTO collections (id, name, identity, model, weights, dim, fingerprint,"
        " synced_version) VALUES (3, 'Trip 1', 'Trip 1', 'm', NULL, 8, 'fp', 5),"
        " (4, 'new', 'new', NULL, NULL, NULL, NULL, NULL)"
    )
    db.execute("INSERT INTO dropped_tables VALUES ('Old Trip'), ('older')")
    db.close()
    of_before = library_models(path)
    async with open_ledger(path) as ledger:
        trip, new = await ledger.collections.list_all()
        assert new.generations == ()
        active = trip.bound()
        assert (active.table, active.model, active.weights) == (table_name("Trip 1"), "m", "")
        assert (active.dim, active.fingerprint, active.synced_version) == (8, "fp", 5)
        assert active.activated_at == active.created_at
        assert active.created_at.tzinfo is not None
        dropped = await ledger.collections.dropped_tables()
        assert dropped == sorted([table_name("Old Trip"), "older"])
    assert library_models(path) == of_before
    assert of_before["Trip 1"].model == "m"


async def test_a_renamed_collection_keeps_all_but_its_name(ledger: Ledger) -> None:
    made = await running(ledger)
    await bound(ledger, made)
    await ledger.collections.put_watch(made.id, Watch(ROOT.path))
    was = await of_default(ledger)
    await ledger.collections.create("other", identity="other")
    with pytest.raises(CollectionExists):
        await ledger.collections.rename(made.id, "other")
    with pytest.raises(CollectionNotFound):
        await ledger.collections.rename(99, "new")
    for _ in range(2):
        await ledger.collections.rename(made.id, "new")
    assert await ledger.collections.find("default") is None
    assert await ledger.collections.find("new") == replace(was, name="new")
    assert await ledger.collections.find_by_id(made.id) == replace(was, name="new")
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.request.collection == "new"
    assert (await ledger.collections.create("default", identity="again")).id != made.id


async def test_what_a_generation_lacks_is_listed_by_key(ledger: Ledger) -> None:
    made = await running(ledger)
    other = (await ledger.generations.create(made.id, SECOND)).id
    active = made.bound().id
    of_both = (vector(Kind.VECTOR, "fp"), vector(Kind.VECTOR, "fp2"))
    refused = artefacts.failed(Rejected(ErrorCode.CLIP_INFER, "no"), model="fp2")
    await complete(
        ledger,
        made,
        stored(b"b/old.jpg"),
        stored(b"a.jpg"),
        replace(stored(b"both.jpg"), artefacts=of_both),
        replace(stored(b"odd.jpg"), artefacts=(vector(Kind.VECTOR, "fp"), refused)),
        failed(b"corrupt.jpg"),
        replace(stored(b"b/changed.jpg"), artefacts=of_both),
    )
    await complete(ledger, made, replace(stored(b"b/changed.jpg"), sha256=bytes(32)))

    async def lacking(*, refused: bool, after: bytes | None = None, limit: int = 9) -> list[bytes]:
        begin = None if after is None else key(after)
        page = await ledger.generations.lacking(
            active, other, refused=refused, after=begin, limit=limit
        )
        assert all(one.absolute == ROOT.path + b"/" + one.key.path for one in page)
        assert all(one.point_id == pid(one.key.path) for one in page)
        return [one.key.path for one in page]

    assert await lacking(refused=True) == [b"a.jpg", b"b/changed.jpg", b"b/old.jpg", b"odd.jpg"]
    assert await lacking(refused=False) == [b"a.jpg", b"b/changed.jpg", b"b/old.jpg"]
    assert await lacking(refused=False, after=b"a.jpg", limit=1) == [b"b/changed.jpg"]
    assert await ledger.generations.count_missing(active, other) == 3, "the stale one is there"
    assert await ledger.generations.count_missing(other, active) == 0
    for one in (active, 99):
        assert await ledger.generations.count_missing(one, one) == 0
    assert await ledger.generations.lacking(active, 99, refused=True, after=None, limit=9) == []
