"""Albums, for SQLite and for its twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    MAX_ALBUM_CONTENTS,
    AlbumChange,
    Filled,
    NewAlbum,
    SavedSearch,
)
from ingestion_orchestration_fastapi_app.errors import AlbumExists, AlbumNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import a_ledger, complete, pid, running, stored
from tests.unit.test_ledger_catalogue import point
from utils.problems import ValidationProblem

pytestmark = pytest.mark.anyio

ONE, OTHER, THIRD = (bytes([number]) * 32 for number in range(3))
SEARCH = SavedSearch('{"query":"a dog"}', "fp")
FILLED = Filled(7, is_exact=True, cover=OTHER, at=datetime(2026, 5, 3, tzinfo=UTC))


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with a_ledger(request.param, tmp_path) as opened:
        yield opened


def new(name: str, *, search: SavedSearch | None = None, collection: str = "default") -> NewAlbum:
    return NewAlbum(uuid4(), name, collection, search)


async def test_an_album_is_there_until_it_is_deleted(ledger: Ledger) -> None:
    made = await ledger.albums.create(new("Dogs", search=SEARCH), [ONE, OTHER, ONE])
    assert (made.name, made.search, made.images, made.filled) == ("Dogs", SEARCH, 2, None)
    assert await ledger.albums.get(made.id) == made
    assert await ledger.albums.named("dOGS ") == made
    await ledger.albums.delete(made.id)
    assert await ledger.albums.named("Dogs") is None
    gone = made.id
    for call in (
        ledger.albums.get(gone),
        ledger.albums.delete(gone),
        ledger.albums.change(gone, AlbumChange(name="x")),
        ledger.albums.put_in(gone, [ONE]),
        ledger.albums.take_out(gone, [ONE]),
    ):
        with pytest.raises(AlbumNotFound):
            await call
    await ledger.albums.note_filled(gone, FILLED)
    again = await ledger.albums.create(new("dogs"))
    assert again.images == 0, "what was in the deleted one is in no other"


async def test_no_two_have_one_name(ledger: Ledger) -> None:
    await ledger.albums.create(new("Straße"))
    with pytest.raises(AlbumExists):
        await ledger.albums.create(new("STRASSE"))
    other = await ledger.albums.create(new("other"))
    with pytest.raises(AlbumExists):
        await ledger.albums.change(other.id, AlbumChange(name="strasse"))
    assert (await ledger.albums.change(other.id, AlbumChange(name=" Other "))).name == "Other"


async def test_they_are_listed_by_name_page_by_page(ledger: Ledger) -> None:
    for name in ("b", "C", "a", "É", "d"):
        await ledger.albums.create(new(name, collection="x" if name == "d" else "default"))
    listed: list[str] = []
    after = ""
    while page := await ledger.albums.page(after=after, limit=2):
        listed += [one.name for one in page]
        after = page[-1].name
    assert listed == ["a", "b", "C", "d", "É"]
    assert [one.name for one in await ledger.albums.page(collection="x", limit=9)] == ["d"]


async def test_what_is_found_is_known_until_another_search_fills_it(ledger: Ledger) -> None:
    made = await ledger.albums.create(new("Dogs", search=SEARCH))
    await ledger.albums.note_filled(made.id, FILLED)
    assert (await ledger.albums.get(made.id)).filled == FILLED
    renamed = await ledger.albums.change(made.id, AlbumChange(name="Cats"))
    assert (renamed.name, renamed.search, renamed.filled) == ("Cats", SEARCH, FILLED)
    other = replace(SEARCH, text="{}")
    assert (await ledger.albums.change(made.id, AlbumChange(search=other))).filled is None
    assert (await ledger.albums.change(made.id, AlbumChange(search=None))).search is None
    await ledger.albums.note_filled(made.id, FILLED)
    assert (await ledger.albums.get(made.id)).filled is None, "it was of a search that is gone"


async def collected(ledger: Ledger) -> int:
    """Three files of two contents."""
    made = await running(ledger)
    ends = []
    for name, content in ((b"a.jpg", ONE), (b"copy.jpg", ONE), (b"b.jpg", OTHER)):
        listed = replace(point(name), id=pid(name), sha256=content)
        ends.append(replace(stored(name), sha256=content, catalogued=listed))
    await complete(ledger, made, *ends)
    return made.id


async def test_points_are_found_by_the_contents_that_were_put_in(ledger: Ledger) -> None:
    collection = await collected(ledger)
    made = await ledger.albums.create(new("Dogs"), [THIRD, ONE])

    async def points(*, is_in: bool = True, limit: int = 9) -> set[UUID]:
        return set(await ledger.albums.points(collection, made.id, is_in=is_in, limit=limit))

    assert await points() == {pid(b"a.jpg"), pid(b"copy.jpg")}
    assert len(await points(limit=1)) == 1
    await ledger.albums.put_in(made.id, [OTHER, OTHER])
    assert await points() == {pid(b"a.jpg"), pid(b"copy.jpg"), pid(b"b.jpg")}
    left = await ledger.albums.take_out(made.id, [ONE])
    assert left.images == 2
    assert await points() == {pid(b"b.jpg")}
    assert await points(is_in=False) == set(), "no search would bring it back"
    assert await ledger.albums.points(collection, uuid4(), is_in=True, limit=9) == []
    assert await ledger.albums.points(collection + 1, made.id, is_in=True, limit=9) == []


async def test_what_is_taken_out_of_a_search_stays_out_until_it_is_put_in(ledger: Ledger) -> None:
    collection = await collected(ledger)
    made = await ledger.albums.create(new("Dogs", search=SEARCH), [OTHER])
    await ledger.albums.take_out(made.id, [ONE, OTHER])
    out = await ledger.albums.points(collection, made.id, is_in=False, limit=9)
    assert set(out) == {pid(b"a.jpg"), pid(b"copy.jpg"), pid(b"b.jpg")}
    album, fresh = await ledger.albums.put_in(made.id, [ONE])
    assert (album.images, set(fresh)) == (1, {ONE}), "what was taken out was not in"
    out = await ledger.albums.points(collection, made.id, is_in=False, limit=9)
    assert out == [pid(b"b.jpg")]


async def test_the_cover_is_what_was_put_in_last_else_what_was_found_first(ledger: Ledger) -> None:
    await collected(ledger)
    made = await ledger.albums.create(new("Dogs", search=SEARCH))
    assert made.cover is None
    await ledger.albums.note_filled(made.id, FILLED)
    assert (await ledger.albums.get(made.id)).cover == pid(b"b.jpg")
    album, _ = await ledger.albums.put_in(made.id, [ONE])
    assert album.cover in (pid(b"a.jpg"), pid(b"copy.jpg"))
    album, fresh = await ledger.albums.put_in(made.id, [OTHER, THIRD, ONE])
    assert (album.cover, set(fresh)) == (pid(b"b.jpg"), {OTHER, THIRD})
    moved = await ledger.albums.change(made.id, AlbumChange(collection="elsewhere"))
    assert (moved.cover, moved.filled) == (None, None)


async def test_albums_follow_a_collections_name_and_outlive_it(ledger: Ledger) -> None:
    collection = await ledger.collections.create("a", identity="a")
    made = await ledger.albums.create(new("Dogs", collection="a"), [ONE])
    other = await ledger.albums.create(new("Cats", collection="b"))
    await ledger.collections.rename(collection.id, "c")
    assert (await ledger.albums.get(made.id)).collection == "c"
    assert (await ledger.albums.get(other.id)).collection == "b"
    await ledger.collections.delete(collection.id)
    assert (await ledger.albums.get(made.id)).images == 1


async def test_more_than_an_album_holds_changes_nothing(ledger: Ledger) -> None:
    contents = [number.to_bytes(32, "big") for number in range(MAX_ALBUM_CONTENTS + 1)]
    with pytest.raises(ValidationProblem, match="at most 50,000"):
        await ledger.albums.create(new("Dogs"), contents)
    assert await ledger.albums.page(limit=9) == []
    made = await ledger.albums.create(new("Dogs", search=SEARCH), contents[1:])
    with pytest.raises(ValidationProblem, match="at most 50,000"):
        await ledger.albums.take_out(made.id, contents[:1])
    assert (await ledger.albums.get(made.id)).images == MAX_ALBUM_CONTENTS
    assert (await ledger.albums.take_out(made.id, contents[1:3])).images == MAX_ALBUM_CONTENTS - 2
