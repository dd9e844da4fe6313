"""Words beside points: written, joined, filled, and made again whatever happens to their table."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.domain.search.word_query import every_word
from ingestion_orchestration_fastapi_app.verify.files import Wrong
from tests.component.bench import Bench
from tests.component.store_fixtures import files_of, point
from tests.component.store_tears import halved, zeroed
from tests.component.test_pipeline_captions import captioning
from tests.component.test_verify import checked, found
from tests.component.test_verify import imported as of_verify
from tests.memory_ports import MemoryContentCache

pytestmark = pytest.mark.anyio

WORDS = "default.words"
STRANGER = uuid4()
IMAGES = 30


@asynccontextmanager
async def imported(folder: Path, *, captions: bool = True) -> AsyncIterator[Bench]:
    """On real tables."""
    bench = Bench(inference=captioning())
    restarted(bench, folder)
    for number in range(IMAGES):
        bench.library.put(b"%03d.jpg" % number, b"image %d" % number)
    assert (await bench.job(captions=captions)).counts.embedded == IMAGES
    try:
        yield bench
    finally:
        await tables(bench).aclose()


def restarted(bench: Bench, folder: Path) -> None:
    """Another process: nothing that was open still is."""
    store = LanceStore(str(folder), index_threshold_rows=IMAGES)
    bench.store, bench.words = store, LanceWords(store.database)


async def test_a_caption_pass_over_all_of_a_collection_leaves_the_vector_index_whole(
    tmp_path: Path,
) -> None:
    async with imported(tmp_path, captions=False) as bench:
        await bench.store.upkeep("default")
        assert (await bench.store.size("default")).unindexed_points == 0
        before = await bench.store.open("default", synced_version=None)
        for said in ("image", "once more image"):
            bench.inference = captioning(said)
            bench.inference.library = bench.library
            job = await bench.job(captions=True)
            assert job.counts.embedded == IMAGES, "captions are asked for with vectors"
            assert len(await bench.words.search(WORDS, every_word("image"), limit=1000)) == IMAGES
        assert all((await bench.captions()).values())
        assert (await bench.store.size("default")).unindexed_points == 0
        assert await bench.store.open("default", synced_version=None) == before


async def test_an_import_doubles_no_words_that_a_filling_has_just_made() -> None:
    """Of a point that was written when the filling came by: its words are there before the import
    comes to them.
    """
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    await bench.job()
    collections = bench.collections()
    await collections.check_all()
    collection = await collections.get("default")
    words, new = collections.words, replace(point(1, dim=8), caption=None)
    before = words.undisturbed(collection)
    assert before is not None
    await bench.store.write("default", [new], may_exist=())
    await bench.filling(collections).fill(collection)
    await words.write(collection, [new], {}, may_exist=(), undisturbed=before)
    assert len(await bench.rows()) == 2


@pytest.mark.parametrize("mend", [True, False])
async def test_words_are_as_many_as_points_and_are_made_so(mend: bool) -> None:
    bench = await of_verify()
    collections = bench.collections()
    await collections.check_all()
    first, second, third, *_ = sorted(await bench.rows())
    again = await bench.words.get("default.words", [third])
    await bench.words.delete("default.words", [first, second])
    await bench.words.write("default.words", [Words(STRANGER, "nobody.jpg")], may_exist=())
    await bench.words.write("default.words", [again[third]], may_exist=())
    job = await checked(bench, collections, mend=mend)
    assert found(job) == {
        Wrong.WORDS_MISSING: (2, 2 if mend else 0),
        Wrong.WORDS_UNKNOWN: (1, 1 if mend else 0),
        Wrong.WORDS_DUPLICATED: (1, 1 if mend else 0),
    }
    findings = report_of(job.checkpoint.report).findings
    for wrong, one in ((Wrong.WORDS_UNKNOWN, STRANGER), (Wrong.WORDS_DUPLICATED, third)):
        assert [example.point_id for example in findings[wrong].examples] == [str(one)]
    if mend:
        await bench.rows()
        assert found(await checked(bench, collections)) == {}


async def test_words_that_are_only_doubled_are_mended() -> None:
    bench = await of_verify()
    collections = bench.collections()
    await collections.check_all()
    one = min(await bench.rows())
    again = await bench.words.get("default.words", [one])
    await bench.words.write("default.words", [again[one]], may_exist=())
    assert found(await checked(bench, collections)) == {Wrong.WORDS_DUPLICATED: (1, 1)}
    assert set((await bench.rows()).values()) == {1}


def _torn(folder: str) -> None:
    for path in files_of(folder, "data", table=WORDS):
        halved(path)


def _emptied(folder: str) -> None:
    for path in files_of(folder, "data", table=WORDS):
        zeroed(path)


def _without_data(folder: str) -> None:
    shutil.rmtree(os.path.join(folder, f"{WORDS}.lance", "data"))


def _without_index(folder: str) -> None:
    shutil.rmtree(os.path.join(folder, f"{WORDS}.lance", "_indices"))


def _without_manifests(folder: str) -> None:
    for path in files_of(folder, "_versions", table=WORDS):
        zeroed(path)


def _gone(folder: str) -> None:
    shutil.rmtree(os.path.join(folder, f"{WORDS}.lance"))


def _a_file(folder: str) -> None:
    _gone(folder)
    Path(folder, f"{WORDS}.lance").write_bytes(b"no table")


DAMAGES = (_torn, _emptied, _without_data, _without_index, _without_manifests, _gone, _a_file)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_words_stop_no_import_and_are_made_again(
    damage: Callable[[str], None], tmp_path: Path
) -> None:
    """In the process that has the table open, and in the next one."""
    for has_restarted in (False, True):
        folder = tmp_path / str(has_restarted)
        async with imported(folder) as bench:
            said = await captions_of(bench)
            assert set(said.values()) == {f"image {number}" for number in range(IMAGES)}
            damage(str(folder))
            if has_restarted:
                restarted(bench, folder)
            collections = bench.collections()
            if has_restarted:
                await collections.check_all()
            bench.library.put(b"new.jpg", b"image new")
            job = await bench.job(collections, captions=True)
            assert (job.counts.embedded, job.counts.unchanged) == (1, IMAGES)
            await bench.fill_words(collections)
            collection = await bench.ledger.collections.find("default")
            assert collection is not None
            await collections.words.found(collection, list(await ids_of(bench)))
            await collections.words.prepare(collection, is_known=False)
            await bench.fill_words(collections)
            restarted(bench, folder)
            assert await captions_of(bench) == said | {"new.jpg": "image new"}


@pytest.mark.parametrize("cache", ["whole", "lost"])
@pytest.mark.parametrize("words", ["older", "gone"])
async def test_captions_that_are_lost_with_words_come_back(
    words: str, cache: str, tmp_path: Path
) -> None:
    """Of the cache, or of the next import that wants them."""
    folder = tmp_path / "store"
    async with imported(folder, captions=False) as bench:
        await captions_of(bench)
        shutil.copytree(folder, tmp_path / "older")
        assert (await bench.job(captions=True)).counts.embedded == IMAGES
        said = {f"{number:03d}.jpg": f"image {number}" for number in range(IMAGES)}
        assert await captions_of(bench) == said
        if words == "older":
            shutil.rmtree(folder)
            (tmp_path / "older").rename(folder)
        else:
            _gone(str(folder))
        if cache == "lost":
            bench.cache = MemoryContentCache()
        restarted(bench, folder)
        shown = await captions_of(bench)
        assert shown == (said if cache == "whole" else dict.fromkeys(said))
        counts = (await bench.job(captions=True)).counts
        assert (counts.unchanged, counts.embedded) == (
            (IMAGES, 0) if cache == "whole" else (0, IMAGES)
        )
        assert await captions_of(bench) == said


def tables(bench: Bench) -> LanceStore:
    assert isinstance(bench.store, LanceStore)
    return bench.store


async def ids_of(bench: Bench) -> list[UUID]:
    return [one async for ids in bench.store.ids("default") for one in ids]


async def captions_of(bench: Bench) -> dict[str, str | None]:
    """As a start shows them, with its words filled."""
    collections = bench.collections()
    await collections.check_all()
    await bench.fill_words(collections)
    collection = await collections.get("default")
    shown = await bench.store.page("default", limit=1000, offset=0)
    assert collection.words_table is not None
    rows = [one async for ids in bench.words.ids(collection.words_table) for one in ids]
    assert sorted(rows) == sorted(point.id for point in shown)
    return {
        point.filename: point.caption for point in await collections.words.joined(collection, shown)
    }
