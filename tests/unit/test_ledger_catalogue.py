"""The rules of the catalogue, for SQLite and for its twin: what is written, and what goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, UnseenFile
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    CATALOGUE_VERSION,
    FolderCount,
    Order,
    Sort,
    moment_number,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import ROOT, SHA, complete, file_start, key, pid, running, stored
from utils.contract import JobState
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio

BY_PATH = Order(Sort.PATH)


def point(name: bytes, metadata: Metadata | None = None) -> Point:
    path = ROOT.path + b"/" + name
    return Point(
        id=pid(name),
        vector=np.zeros(0, np.float32),
        root_id=ROOT.id,
        path=path,
        display_path=path.decode("utf-8", "backslashreplace"),
        filename=name.rpartition(b"/")[2].decode("utf-8", "backslashreplace"),
        sha256=SHA,
        size_bytes=10,
        mtime_ns=20,
        format="jpeg",
        width_px=40,
        height_px=30,
        phash=2**64 - 1,
        partial=False,
        pixel_source="image",
        metadata=metadata or Metadata(),
        caption=None,
        fingerprint="fp",
        job_id="job-1",
    )


def listed(name: bytes, metadata: Metadata | None = None) -> FileOutcome:
    return replace(stored(name), catalogued=point(name, metadata))


async def shown(
    ledger: Ledger, made: CollectionRecord, filters: Filters = NO_FILTERS
) -> list[UUID]:
    page = await ledger.browsing.page(
        made.id, filters, BY_PATH, after=None, limit=99, is_dense=True
    )
    return [one.id for one in page]


async def test_a_point_is_listed_when_its_file_is_complete(ledger: Ledger) -> None:
    made = await running(ledger)
    assert made.catalogue_version == CATALOGUE_VERSION
    await complete(ledger, made, listed(b"b.jpg"), listed(b"a/c.jpg"), stored(b"unlisted.jpg"))
    assert await shown(ledger, made) == [pid(b"b.jpg"), pid(b"a/c.jpg")]
    assert await ledger.catalogue.size(made.id) == 2
    assert await ledger.browsing.folders(made.id, NO_FILTERS) == [
        FolderCount(ROOT.id, b"", 1),
        FolderCount(ROOT.id, b"a", 1),
    ]


async def test_an_image_is_found_as_its_file_is_served(ledger: Ledger) -> None:
    made = await running(ledger)
    turned = Metadata(sidecar_turn=6)
    await complete(ledger, made, listed(b"a/b.jpg", turned), listed(b"c.jpg"), stored(b"no.jpg"))
    asked = [pid(b"a/b.jpg"), pid(b"c.jpg"), pid(b"no.jpg"), UUID(int=5)]
    found = {one.id: one for one in await ledger.catalogue.images(made.id, asked)}
    assert found == {
        pid(b"a/b.jpg"): StoredImage.of(point(b"a/b.jpg", turned)),
        pid(b"c.jpg"): StoredImage.of(point(b"c.jpg")),
    }
    await ledger.catalogue.doubt(made.id, [pid(b"c.jpg")])
    assert [one.id for one in await ledger.catalogue.images(made.id, asked)] == [pid(b"a/b.jpg")]


async def test_what_a_file_says_anew_takes_the_place_of_what_it_said(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, listed(b"a.jpg", Metadata(rating=2, keywords=("old", "both"))))
    newer = Metadata(rating=5, keywords=("new", "both"))
    await complete(ledger, made, listed(b"a.jpg", newer))
    assert await shown(ledger, made, Filters(rating_min=5, keywords=("new", "both"))) == [
        pid(b"a.jpg")
    ]
    assert await shown(ledger, made, Filters(keywords=("old",))) == []
    await complete(ledger, made, stored(b"a.jpg"))  # of whose point nothing is new
    assert await shown(ledger, made, Filters(rating_min=5)) == [pid(b"a.jpg")]


async def test_an_entry_goes_with_its_file(ledger: Ledger) -> None:
    made = await running(ledger)
    words = Metadata(keywords=("Rome",))
    await complete(ledger, made, listed(b"a.jpg", words), listed(b"b.jpg", words))
    gone = UnseenFile(key(b"a.jpg"), ROOT.path + b"/a.jpg", pid(b"a.jpg"), had_point=True)
    await ledger.files.delete_files("job-1", made.id, [gone], synced=[])
    assert await shown(ledger, made, Filters(keywords=("rome",))) == [pid(b"b.jpg")]
    assert await ledger.catalogue.size(made.id) == 1


async def test_a_root_that_moves_takes_its_pictures_along(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, listed(b"a/b.jpg"), listed(b"c.jpg"))
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.roots.begin_changes(made.id, {ROOT.id: b"/moved"})
    assert await ledger.roots.end_change(made.id, ROOT.id)
    assert await shown(ledger, made, Filters(path_prefix="/photos/")) == []
    assert await shown(ledger, made, Filters(path_prefix="/MOVED/a/b")) == [pid(b"a/b.jpg")]
    assert await shown(ledger, made, Filters(within=(b"/moved/a",))) == [pid(b"a/b.jpg")]
    assert len(await shown(ledger, made, Filters(within=(b"/moved",)))) == 2


async def test_a_root_that_is_forgotten_leaves_none(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, listed(b"a.jpg"))
    unknown = [(key(b"of no file.jpg"), point(b"of no file.jpg"))]
    await ledger.catalogue.put(made.id, unknown)
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.roots.begin_changes(made.id, {ROOT.id: None})
    synced = SyncedVersion(made.bound().id, 2)
    await ledger.roots.forget_points(made.id, [pid(b"of no file.jpg")], synced=synced)
    while not await ledger.roots.end_change(made.id, ROOT.id):
        pass
    assert await ledger.catalogue.size(made.id) == 0
    assert await ledger.browsing.folders(made.id, NO_FILTERS) == []


async def test_filling_writes_what_lacks_and_nothing_over_what_is_newer(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(b"old.jpg")])
    await complete(ledger, made, stored(b"old.jpg"), listed(b"new.jpg", Metadata(rating=5)))
    names = (b"old.jpg", b"new.jpg", b"of no file.jpg")
    ids = [pid(name) for name in names]
    assert await ledger.catalogue.lacking(made.id, ids) == {ids[0], ids[2]}
    await ledger.catalogue.put(made.id, [(key(name), point(name)) for name in names])
    assert await ledger.catalogue.lacking(made.id, ids) == set()
    assert await shown(ledger, made, Filters(rating_min=5)) == [pid(b"new.jpg")]
    assert set(await shown(ledger, made)) == set(ids)
    assert await ledger.catalogue.point_ids(made.id, after=None, limit=2) == sorted(ids)[:2]
    assert await ledger.catalogue.point_ids(made.id, after=sorted(ids)[1], limit=2) == [max(ids)]
    await ledger.catalogue.forget(made.id, [ids[2], ids[2]])
    assert set(await shown(ledger, made)) == set(ids[:2])
    await ledger.catalogue.put(99, [(key(b"a.jpg"), point(b"a.jpg"))])  # a deleted collection
    assert await ledger.catalogue.size(99) == 0


async def test_the_catalogue_says_at_which_version_it_is_whole(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.catalogue.set_version(made.id, None)
    found = await ledger.collections.find_by_id(made.id)
    assert found is not None
    assert found.catalogue_version is None
    await ledger.catalogue.set_version(made.id, 1)
    found = await ledger.collections.find_by_id(made.id)
    assert found is not None
    assert found.catalogue_version == 1


async def test_a_deleted_collection_leaves_no_entry(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, listed(b"a.jpg", Metadata(keywords=("Rome",))))
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    await ledger.collections.delete(made.id)
    assert await shown(ledger, made) == []
    assert await ledger.catalogue.size(made.id) == 0


async def test_pictures_of_before_were_added_when_their_vectors_were_stored(
    ledger: Ledger,
) -> None:
    made = await running(ledger)
    await complete(ledger, made, stored(b"old.jpg"))
    await ledger.catalogue.put(made.id, [(key(b"old.jpg"), point(b"old.jpg"))])
    await complete(ledger, made, listed(b"old.jpg", Metadata(taken_at=datetime(2020, 1, 2))))  # noqa: DTZ001  # a camera's clock has no zone
    by_added = Order(Sort.ADDED)
    page = await ledger.browsing.page(
        made.id, NO_FILTERS, by_added, after=None, limit=9, is_dense=True
    )
    assert [one.id for one in page] == [pid(b"old.jpg")]
    assert page[0].position.value is not None


async def test_what_comes_from_an_export_was_added_when_it_was(ledger: Ledger) -> None:
    """Once: a row that is there keeps its moment."""
    made = await running(ledger)
    then = datetime(2019, 1, 2, 3, 4, 5, 6, UTC)
    restored = replace(listed(b"a.jpg"), added_at=then)
    await complete(ledger, made, restored, listed(b"b.jpg"))
    await complete(ledger, made, replace(restored, added_at=None))
    added = await ledger.browsing.added(made.id, [pid(b"a.jpg"), pid(b"b.jpg")])
    assert added[pid(b"a.jpg")] == moment_number(then)
    assert added[pid(b"b.jpg")] > added[pid(b"a.jpg")]


async def test_what_a_row_says_wrongly_is_found_and_written_again(ledger: Ledger) -> None:
    made = await running(ledger)
    before = Metadata(rating=2, keywords=("Rome",), lens="a", camera_make="b")
    await complete(ledger, made, listed(b"a.jpg", before), listed(b"b.jpg"))
    same = [(key(name), point(name, told)) for name, told in ((b"a.jpg", before), (b"b.jpg", None))]
    assert await ledger.catalogue.unlike(made.id, same) == set()
    for newer in (
        replace(before, rating=5),
        replace(before, keywords=("Rome", "Milan")),
        replace(before, keywords=()),
        replace(before, lens="c"),
    ):
        found = [(key(b"a.jpg"), point(b"a.jpg", newer)), same[1]]
        assert await ledger.catalogue.unlike(made.id, found) == {pid(b"a.jpg")}
    missing = [(key(b"c.jpg"), point(b"c.jpg"))]
    assert await ledger.catalogue.unlike(made.id, missing) == {pid(b"c.jpg")}
    newer = replace(before, rating=5)
    await ledger.catalogue.doubt(made.id, [pid(b"a.jpg")])
    assert await ledger.catalogue.lacking(made.id, [pid(b"a.jpg")]) == {pid(b"a.jpg")}
    await ledger.catalogue.put(made.id, [(key(b"a.jpg"), point(b"a.jpg", newer))])
    assert await shown(ledger, made, Filters(rating_min=5)) == [pid(b"a.jpg")]
    assert await ledger.catalogue.lacking(made.id, [pid(b"a.jpg")]) == set()
