"""What a ledger knows of watched folders and of jobs over some folders, for SQLite and its twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    IngestOptions,
    ScanPart,
    import_request,
    scanned_parts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath, Origin
from ingestion_orchestration_fastapi_app.domain.library.collection import Watch
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import ROOT, complete, file_start, key, running, stored

pytestmark = pytest.mark.anyio

ODD = ROOT.path + b"/\xff\xfe"


async def test_watches_are_kept_by_directory_and_go_with_their_collection(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    other = await ledger.collections.create("other", identity="other")
    assert made.watches == ()
    await ledger.collections.put_watch(made.id, Watch(ODD))
    await ledger.collections.put_watch(made.id, Watch(ROOT.path, recursive=False))
    await ledger.collections.put_watch(other.id, Watch(ODD))
    await ledger.collections.put_watch(made.id, Watch(ODD, captions=True))
    found = await ledger.collections.find("default")
    assert found is not None
    assert found.watches == (Watch(ROOT.path, recursive=False), Watch(ODD, captions=True))
    await ledger.collections.end_watch(made.id, ROOT.path)
    await ledger.collections.end_watch(made.id, ROOT.path)
    found = await ledger.collections.find("default")
    assert found is not None
    assert found.watches == (Watch(ODD, captions=True),)
    await ledger.collections.delete(made.id)
    assert [one.watches for one in await ledger.collections.list_all()] == [(Watch(ODD),)]
    with pytest.raises(CollectionNotFound):
        await ledger.collections.put_watch(made.id, Watch(ODD))


async def test_watches_and_the_folders_of_a_job_outlive_a_restart(tmp_path: Path) -> None:
    request = import_request(
        "default",
        ROOT.path,
        IngestOptions(sync=True),
        folders=(ODD, ROOT.path),
        origin=Origin.WATCH,
    )
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        made = await ledger.collections.create("default", identity="default")
        await ledger.collections.put_watch(made.id, Watch(ODD, recursive=False, captions=True))
        await ledger.jobs.create("j1", made.id, request)
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (found,) = await ledger.collections.list_all()
        assert found.watches == (Watch(ODD, recursive=False, captions=True),)
        (job,) = await ledger.jobs.list_unfinished()
        assert job.request == request
        assert scanned_parts(job.request, recursive=True) == (
            ScanPart(ODD, recursive=False, top=ROOT.path),
            ScanPart(ROOT.path, recursive=False, top=ROOT.path),
        )


async def test_the_paths_of_a_job_outlive_a_restart(tmp_path: Path) -> None:
    paths = (ImportPath(ODD + b"/a.jpg", is_file=True), ImportPath(ODD, is_file=False))
    request = import_request("default", paths[0].path, paths=paths)
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        made = await ledger.collections.create("default", identity="default")
        await ledger.jobs.create("j1", made.id, request)
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (job,) = await ledger.jobs.list_unfinished()
        assert job.request == request


async def test_files_right_in_a_folder_are_told_from_those_below_it(ledger: Ledger) -> None:
    collection = await running(ledger)
    collection_id = collection.id
    inner = root_at(ROOT.path + b"/a/inner")
    await ledger.roots.add(collection_id, inner)
    names = (b"top.jpg", b"a/1.jpg", b"a/2.jpg", b"a/deep/3.jpg", b"ab/4.jpg")
    of_inner = replace(file_start(b"5.jpg"), key=FileKey(inner.id, b"5.jpg"))
    await ledger.files.register("job-1", collection_id, [*map(file_start, names), of_inner])
    await complete(ledger, collection, stored(b"a/1.jpg"), stored(b"a/deep/3.jpg"))

    async def found(folder: bytes, *, recursive: bool) -> set[bytes]:
        page = await ledger.folders.not_seen_in_scan(
            collection_id, folder, recursive=recursive, after=None, limit=10
        )
        one_by_one: set[bytes] = set()
        after: FileKey | None = None
        while next_page := await ledger.folders.not_seen_in_scan(
            collection_id, folder, recursive=recursive, after=after, limit=1
        ):
            after = next_page[0].key
            one_by_one.add(next_page[0].key.path)
        assert one_by_one == {file.key.path for file in page}
        assert (
            len(page)
            == (await ledger.folders.totals(collection_id, folder, recursive=recursive))[0]
        )
        return one_by_one

    a = ROOT.path + b"/a"
    assert await found(a, recursive=False) == {b"a/1.jpg", b"a/2.jpg"}
    assert await found(a, recursive=True) == {b"a/1.jpg", b"a/2.jpg", b"a/deep/3.jpg", b"5.jpg"}
    assert await found(ROOT.path, recursive=False) == {b"top.jpg"}
    assert await found(inner.path, recursive=False) == {b"5.jpg"}
    assert await found(b"/elsewhere", recursive=False) == set()
    assert await ledger.folders.totals(collection_id, a, recursive=True) == (4, 2)
    assert await ledger.folders.totals(collection_id, a, recursive=False) == (2, 1)
    known = await ledger.files.recall(collection_id, [key(b"a/1.jpg"), key(b"a/2.jpg")])
    seen = {record.row for record in known.values()}
    unseen = await ledger.folders.not_seen_in_scan(
        collection_id, a, seen=seen, recursive=True, after=None, limit=9
    )
    assert {file.key.path for file in unseen} == {b"a/deep/3.jpg", b"5.jpg"}
