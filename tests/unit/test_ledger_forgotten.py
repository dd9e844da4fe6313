"""The rules of a ledger on forgotten images, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.files.artefacts import is_forgotten
from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord
from ingestion_orchestration_fastapi_app.domain.files.forgotten import ForgottenImage
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    NOW,
    SHA,
    complete,
    failed,
    file_start,
    key,
    known_of,
    pid,
    running,
    skipped,
    stored,
)
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

OTHER = bytes(32)
IMAGE = ForgottenImage(SHA, "/photos/a")
NAMES = (b"a", b"copy", b"b", b"text")


async def filled(ledger: Ledger) -> CollectionRecord:
    """Two files of one content, one of another, and a text."""
    collection = await running(ledger)
    await ledger.files.register("job-1", collection.id, [file_start(name) for name in NAMES])
    other = replace(stored(b"b"), sha256=OTHER)
    await complete(ledger, collection, stored(b"a"), stored(b"copy"), other, skipped(b"text"))
    return collection


async def recalled(ledger: Ledger, collection: CollectionRecord, name: bytes) -> FileRecord:
    return (await ledger.files.recall(collection.id, [key(name)]))[key(name)]


async def forget(
    ledger: Ledger, collection: CollectionRecord, *names: bytes, version: int = 7
) -> None:
    """All steps but the store's."""
    generation = collection.bound().id
    ids = [pid(name) for name in names]
    await ledger.artefacts.begin_delete(generation, ids)
    await ledger.forgotten.forget_points(
        collection.id,
        ids,
        synced=[SyncedVersion(generation, version)],
        reader_version="readers-1",
    )


async def test_what_is_begun_is_forgotten_at_once_and_pending_until_it_is_ended(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    forgotten = ledger.forgotten
    assert await forgotten.pending_collections() == []
    await forgotten.begin(collection.id, [IMAGE])
    assert await forgotten.among(collection.id, [SHA, OTHER]) == {SHA}
    assert await forgotten.among(collection.id + 1, [SHA]) == set()
    assert await forgotten.among(collection.id, []) == set()
    assert await forgotten.pending_collections() == [collection.id]
    assert set(await forgotten.pending_points(collection.id, limit=9)) == {pid(b"a"), pid(b"copy")}
    assert len(await forgotten.pending_points(collection.id, limit=1)) == 1
    await forget(ledger, collection, b"a")
    assert await forgotten.pending_points(collection.id, limit=9) == [pid(b"copy")]
    await forget(ledger, collection, b"copy")
    assert await forgotten.pending_points(collection.id, limit=9) == []
    await forgotten.end(collection.id)
    assert await forgotten.pending_collections() == []
    assert await forgotten.among(collection.id, [SHA]) == {SHA}


async def test_a_file_of_a_forgotten_content_has_that_for_its_only_verdict(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    await ledger.forgotten.begin(collection.id, [IMAGE])
    await forget(ledger, collection, b"a", b"copy", b"nowhere")
    for name in (b"a", b"copy"):
        record = await recalled(ledger, collection, name)
        assert known_of(record) == {("picture", ""): "skipped"}
        (verdict,) = record.artefacts
        assert (verdict.code, verdict.reader_version) == (ErrorCode.IMAGE_FORGOTTEN, "readers-1")
        assert verdict.updated_at == NOW
    assert known_of(await recalled(ledger, collection, b"b")) == {("vector", "fp"): "stored"}
    generation = collection.bound().id
    assert await ledger.artefacts.count_stored(generation) == 1
    assert await ledger.artefacts.maybe_written(generation, [pid(b"a")]) == set()
    found = await ledger.collections.find("default")
    assert found is not None
    assert found.bound().synced_version == 7


async def test_a_point_of_what_a_file_was_goes_and_the_files_own_verdict_stays(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    await complete(ledger, collection, replace(failed(b"b"), sha256=SHA[::-1]))
    await ledger.forgotten.begin(collection.id, [ForgottenImage(OTHER, "/photos/b")])
    await forget(ledger, collection, b"b")
    record = await recalled(ledger, collection, b"b")
    assert known_of(record) == {("picture", ""): "failed"}
    assert not is_forgotten(record.artefacts)


async def test_a_deletion_that_a_generation_missed_is_pending_though_the_file_is_there(
    ledger: Ledger,
) -> None:
    collection = await filled(ledger)
    generation = collection.bound().id
    await ledger.artefacts.begin_delete(generation, [pid(b"a"), pid(b"b")])
    assert await ledger.artefacts.pending_deletes(generation, limit=9) == []
    await ledger.forgotten.begin(collection.id, [IMAGE])
    await ledger.forgotten.forget_points(
        collection.id, [pid(b"a")], synced=[], reader_version="readers-1"
    )
    assert await ledger.artefacts.pending_deletes(generation, limit=9) == [pid(b"a")]


async def test_what_is_taken_back_is_opened_again_and_nothing_else(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await ledger.forgotten.begin(collection.id, [IMAGE])
    await forget(ledger, collection, b"a", b"copy")
    await ledger.forgotten.end(collection.id)
    assert not await ledger.forgotten.take_back(collection.id, OTHER)
    assert await ledger.forgotten.take_back(collection.id, SHA)
    assert not await ledger.forgotten.take_back(collection.id, SHA)
    assert await ledger.forgotten.among(collection.id, [SHA]) == set()
    assert (await recalled(ledger, collection, b"a")).artefacts == ()
    assert known_of(await recalled(ledger, collection, b"text")) == {("picture", ""): "skipped"}


async def test_they_are_listed_by_hash_and_keep_the_first_time(ledger: Ledger) -> None:
    collection = await filled(ledger)
    images = [ForgottenImage(bytes([n]) * 32, f"/photos/{n}") for n in (3, 1, 2)]
    await ledger.forgotten.begin(collection.id, images)
    await ledger.forgotten.begin(collection.id, [replace(images[0], name="/photos/other")])
    kept = sorted((replace(one, at=NOW) for one in images), key=lambda one: one.sha256)
    page = ledger.forgotten.page
    assert await page(collection.id, after=b"", limit=2) == kept[:2]
    assert await page(collection.id, after=kept[1].sha256, limit=2) == kept[2:]


async def test_they_go_with_their_collection(ledger: Ledger) -> None:
    collection = await filled(ledger)
    await ledger.forgotten.begin(collection.id, [IMAGE])
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.collections.delete(collection.id)
    assert await ledger.forgotten.pending_collections() == []
    assert await ledger.forgotten.among(collection.id, [SHA]) == set()
    with pytest.raises(CollectionNotFound):  # who waited for its turn: nothing is left behind
        await ledger.forgotten.begin(collection.id, [IMAGE])
    assert await ledger.forgotten.pending_collections() == []
