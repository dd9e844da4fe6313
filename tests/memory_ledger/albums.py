"""Albums, and what is put into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    MAX_ALBUM_CONTENTS,
    MAX_ALBUMS,
    Album,
    AlbumChange,
    Filled,
    NewAlbum,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.album import album_key
from ingestion_orchestration_fastapi_app.errors import AlbumExists, AlbumNotFound
from tests.memory_ledger.state import AlbumState, State
from utils.problems import ValidationProblem


class MemoryAlbums:
    """Implements `AlbumRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def create(self, new: NewAlbum, contents: Sequence[bytes] = ()) -> Album:
        await checkpoint()
        self._check_free(new.name)
        if len(self._state.albums) >= MAX_ALBUMS:
            raise ValidationProblem(f"There are {MAX_ALBUMS:,} albums, and there can be no more.")
        now = self._state.clock()
        album = Album(new.id, new.name, new.collection, new.search, now, now, 0)
        made = AlbumState(album, _changed({}, contents, is_in=True))
        self._state.albums[new.id] = made
        return self._shown(made)

    async def get(self, album_id: UUID) -> Album:
        await checkpoint()
        return self._shown(self._of(album_id))

    async def page(
        self, *, collection: str | None = None, after: str = "", limit: int
    ) -> list[Album]:
        await checkpoint()
        found = [
            self._shown(one)
            for one in self._state.albums.values()
            if collection in (None, one.album.collection)
            and album_key(one.album.name) > album_key(after)
        ]
        return sorted(found, key=lambda one: album_key(one.name))[:limit]

    async def named(self, name: str) -> Album | None:
        await checkpoint()
        there = self._state.albums.values()
        found = (one for one in there if album_key(one.album.name) == album_key(name))
        return next((self._shown(one) for one in found), None)

    async def change(self, album_id: UUID, change: AlbumChange) -> Album:
        await checkpoint()
        of = self._of(album_id)
        after = change.applied_to(of.album)
        if album_key(after.name) != album_key(of.album.name):
            self._check_free(after.name)
        of.album = replace(after, changed_at=self._state.clock())
        return self._shown(of)

    async def delete(self, album_id: UUID) -> None:
        await checkpoint()
        self._of(album_id)
        del self._state.albums[album_id]

    async def put_in(
        self, album_id: UUID, contents: Sequence[bytes]
    ) -> tuple[Album, frozenset[bytes]]:
        await checkpoint()
        of = self._of(album_id)
        fresh = frozenset(one for one in contents if of.contents.get(one) is not True)
        return self._put(of, _changed(of.contents, contents, is_in=True)), fresh

    async def take_out(self, album_id: UUID, contents: Collection[bytes]) -> Album:
        await checkpoint()
        of = self._of(album_id)
        if of.album.search is not None:
            return self._put(of, _changed(of.contents, contents, is_in=False))
        kept = {one: is_in for one, is_in in of.contents.items() if one not in set(contents)}
        return self._put(of, kept)

    async def points(
        self, collection_id: int, album_id: UUID, *, is_in: bool, limit: int
    ) -> list[UUID]:
        await checkpoint()
        of = self._state.albums.get(album_id)
        contents = {} if of is None else of.contents
        return [
            row.point_id
            for row in self._state.files(collection_id).values()
            if row.record.sha256 is not None and contents.get(row.record.sha256) is is_in
        ][:limit]

    async def note_filled(self, album_id: UUID, filled: Filled) -> None:
        await checkpoint()
        of = self._state.albums.get(album_id)
        if of is not None and of.album.search is not None:
            of.album = replace(of.album, filled=filled)

    def _put(self, of: AlbumState, contents: dict[bytes, bool]) -> Album:
        of.contents = contents
        of.album = replace(of.album, changed_at=self._state.clock())
        return self._shown(of)

    def _of(self, album_id: UUID) -> AlbumState:
        if album_id not in self._state.albums:
            raise AlbumNotFound(f"There is no album {album_id}.")
        return self._state.albums[album_id]

    def _check_free(self, name: str) -> None:
        if any(album_key(one.album.name) == album_key(name) for one in self._state.albums.values()):
            raise AlbumExists(f"There is an album {name!r} already.")

    def _shown(self, of: AlbumState) -> Album:
        put_in = [one for one, is_in in of.contents.items() if is_in]
        filled = of.album.filled
        covers = [*reversed(put_in), *([filled.cover] if filled and filled.cover else [])]
        points: dict[bytes, UUID] = {}
        for kept in self._state.collections.values():
            if kept.record.name == of.album.collection:
                points = {one.point.sha256: one.point.id for one in kept.catalogue.values()}
        cover = next((points[one] for one in covers if one in points), None)
        return replace(of.album, images=len(put_in), cover=cover)


def _changed(
    before: dict[bytes, bool], contents: Collection[bytes], *, is_in: bool
) -> dict[bytes, bool]:
    """What changes sides is the newest again."""
    changing = [one for one in dict.fromkeys(contents) if before.get(one) is not is_in]
    kept = {one: side for one, side in before.items() if one not in set(changing)}
    after = kept | dict.fromkeys(changing, is_in)
    if len(after) > MAX_ALBUM_CONTENTS:
        raise ValidationProblem(
            f"An album knows at most {MAX_ALBUM_CONTENTS:,} images by hand, put in and taken out."
        )
    return after
