"""The rules of the content cache: one suite for the disk and for the in-memory twin."""

from __future__ import annotations

import os
import sqlite3
import stat
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.content_cache import codec
from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.content_cache.disk import ByteCache, BytesDisk
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from tests.memory_ports import MemoryContentCache

SHA = bytes(range(32))
KEY = VectorKey("fp", "prep-1", SHA)
PICTURE = Picture(
    format="jpeg",
    width_px=4000,
    height_px=3000,
    phash=2**64 - 1,
    partial=False,
    pixel_source="image",
    thumbnail=b"RIFF\0\0\0\0WEBP" + bytes(range(256)),
)


@pytest.fixture(params=["memory", "disk"])
async def cache(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ContentCache]:
    if request.param == "memory":
        yield MemoryContentCache()
    else:
        async with open_content_cache(tmp_path / "cache") as opened:
            yield opened


def unit_vector(seed: int, dim: int = 512) -> Vector:
    drawn = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    vector: Vector = drawn / np.linalg.norm(drawn)
    return vector


def database(folder: Path, shelf: str = "vectors") -> sqlite3.Connection:
    return sqlite3.connect(folder / shelf / "cache.db", isolation_level=None)


@pytest.mark.anyio
async def test_vectors_come_back_bit_for_bit_and_unknown_ones_are_left_out(
    cache: ContentCache,
) -> None:
    kept = {replace(KEY, sha256=bytes([n]) * 32): unit_vector(n) for n in range(20)}
    await cache.put_vectors(kept)
    strangers = [
        replace(KEY, fingerprint="other"),
        replace(KEY, preparation="prep-2"),
        replace(KEY, sha256=b"\xff" * 32),
    ]
    found = await cache.vectors([*strangers, *kept, *kept])
    assert set(found) == set(kept)
    for key, vector in kept.items():
        assert found[key].dtype == np.float32
        assert found[key].tobytes() == vector.tobytes()


@pytest.mark.anyio
async def test_pictures_come_back_whole(cache: ContentCache) -> None:
    large = replace(PICTURE, thumbnail=os.urandom(2**21), partial=True, phash=0)
    kept = {SHA: PICTURE, b"\1" * 32: large, b"\2" * 32: replace(PICTURE, thumbnail=b"")}
    await cache.put_pictures("prep-1", kept)
    assert await cache.pictures("prep-1", [*kept, b"\3" * 32]) == kept
    assert await cache.pictures("prep-2", list(kept)) == {}


@pytest.mark.anyio
async def test_what_is_put_again_replaces_what_was_there(cache: ContentCache) -> None:
    for seed in (1, 2):
        await cache.put_vectors({KEY: unit_vector(seed)})
    assert (await cache.vectors([KEY]))[KEY].tobytes() == unit_vector(2).tobytes()


@pytest.mark.anyio
async def test_empty_groups_are_harmless(cache: ContentCache) -> None:
    await cache.put_vectors({})
    await cache.put_pictures("prep-1", {})
    assert await cache.vectors([]) == {}
    assert await cache.pictures("prep-1", []) == {}


@pytest.mark.anyio
async def test_a_vector_that_is_none_is_a_miss(cache: ContentCache) -> None:
    not_finite = unit_vector(1)
    not_finite[7] = np.nan
    bad = {
        replace(KEY, sha256=b"\1" * 32): not_finite,
        replace(KEY, sha256=b"\2" * 32): np.zeros(512, np.float32),
        replace(KEY, sha256=b"\3" * 32): unit_vector(1) * np.float32(3e38),
        replace(KEY, sha256=b"\4" * 32): np.zeros(0, np.float32),
    }
    await cache.put_vectors({KEY: unit_vector(0), **bad})
    assert set(await cache.vectors([KEY, *bad])) == {KEY}


@pytest.mark.anyio
async def test_what_was_kept_is_there_when_the_cache_is_opened_again(tmp_path: Path) -> None:
    async with open_content_cache(tmp_path) as cache:
        await cache.put_vectors({KEY: unit_vector(1)})
        await cache.put_pictures("prep-1", {SHA: PICTURE})
    async with open_content_cache(tmp_path) as cache:
        assert set(await cache.vectors([KEY])) == {KEY}
        assert await cache.pictures("prep-1", [SHA]) == {SHA: PICTURE}


@pytest.mark.anyio
async def test_nobody_else_may_enter_the_folders(tmp_path: Path) -> None:
    (tmp_path / "vectors").mkdir(mode=0o755)
    async with open_content_cache(tmp_path):
        for name in ("vectors", "pictures"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


@pytest.mark.anyio
@pytest.mark.parametrize("value", [b"", b"abc", unit_vector(1).tobytes()[:-1], b"\0" * 2048])
async def test_a_corrupt_vector_is_a_miss_and_is_deleted(tmp_path: Path, value: bytes) -> None:
    other = replace(KEY, sha256=b"\1" * 32)
    async with open_content_cache(tmp_path) as cache:
        await cache.put_vectors({KEY: unit_vector(1), other: unit_vector(2)})
        db = database(tmp_path)
        name = codec.vector_key(KEY)
        db.execute("UPDATE Cache SET value = ? WHERE key = ?", (value, name))
        assert set(await cache.vectors([KEY, other])) == {other}
        assert db.execute("SELECT key FROM Cache").fetchall() == [(codec.vector_key(other),)]
        db.close()


@pytest.mark.anyio
async def test_a_pickled_value_is_never_loaded_and_is_deleted(tmp_path: Path) -> None:
    # What unpickling this would do: create the file.
    trap = tmp_path / "unpickled"
    pickled = b"cbuiltins\nopen\n(S'" + os.fsencode(trap) + b"'\nS'w'\ntR."
    async with open_content_cache(tmp_path) as cache:
        await cache.put_vectors({KEY: unit_vector(1)})
        db = database(tmp_path)
        db.execute("UPDATE Cache SET value = ?, mode = 4", (pickled,))
        assert await cache.vectors([KEY]) == {}
        assert not trap.exists()
        assert db.execute("SELECT count(*) FROM Cache").fetchone() == (0,)
        db.close()


def test_the_disk_takes_and_gives_nothing_but_text_and_bytes(tmp_path: Path) -> None:
    disk = BytesDisk(str(tmp_path), min_file_size=100)
    for value in ({"a": 1}, "text", 1, None, bytearray(b"abc")):
        with pytest.raises(ValueError, match="bytes"):
            disk.store(value, False)
    for key in (b"bytes", 1, ("a", "b"), None):
        with pytest.raises(ValueError, match="text"):
            disk.put(key)
    with pytest.raises(ValueError, match="text"):
        disk.get(b"N.", 0)
    for mode in (3, 4, 0):
        with pytest.raises(ValueError, match="no bytes"):
            disk.fetch(mode, None, "text", False)


@pytest.mark.anyio
@pytest.mark.parametrize("damage", ["no database", "torn page", "no table"])
async def test_a_broken_cache_is_moved_aside_and_rebuilt(tmp_path: Path, damage: str) -> None:
    keys = [replace(KEY, sha256=bytes([n]) * 32) for n in range(200)]
    async with open_content_cache(tmp_path) as cache:
        await cache.put_vectors({key: unit_vector(1) for key in keys})
    file = tmp_path / "vectors" / "cache.db"
    if damage == "no database":
        file.write_bytes(b"this is no database" * 1000)
    elif damage == "torn page":
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    else:
        db = database(tmp_path)
        db.execute("DROP TABLE Cache")
        db.execute("CREATE TABLE Cache (key)")
        db.close()
    for _ in range(2):  # a second time there is an earlier folder to replace
        async with open_content_cache(tmp_path) as cache:
            assert await cache.vectors(keys) == {}
            await cache.put_vectors({KEY: unit_vector(2)})
            assert set(await cache.vectors([KEY])) == {KEY}
        assert (tmp_path / "vectors.broken" / "cache.db").exists()
        file.write_bytes(b"this is no database" * 1000)


@pytest.mark.anyio
async def test_a_cache_that_breaks_while_it_is_open_is_rebuilt(tmp_path: Path) -> None:
    async with open_content_cache(tmp_path) as cache:
        await cache.put_vectors({KEY: unit_vector(1)})
        db = database(tmp_path)
        db.execute("DROP TABLE Cache")
        db.close()
        assert await cache.vectors([KEY]) == {}
        await cache.put_vectors({KEY: unit_vector(1)})
        assert set(await cache.vectors([KEY])) == {KEY}


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_had_makes_every_answer_a_miss(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    async with open_content_cache(tmp_path / "cache") as cache:
        await cache.put_vectors({KEY: unit_vector(1)})
        await cache.put_pictures("prep-1", {SHA: PICTURE})
        assert await cache.vectors([KEY]) == {}
        assert await cache.pictures("prep-1", [SHA]) == {}


def test_the_oldest_values_make_room_and_the_newest_stay(tmp_path: Path) -> None:
    limit_bytes = 2**20
    shelf = ByteCache(str(tmp_path / "shelf"), limit_bytes=limit_bytes)
    for group in range(20):
        shelf.put({f"{group}:{number}": os.urandom(2048) for number in range(64)})
    size_bytes = (tmp_path / "shelf" / "cache.db").stat().st_size
    newest = shelf.get(f"19:{number}" for number in range(64))
    oldest = shelf.get(f"0:{number}" for number in range(64))
    kept = sum(len(shelf.get(f"{group}:{number}" for number in range(64))) for group in range(20))
    shelf.close()
    assert size_bytes < 2 * limit_bytes  # what is free inside goes back at the next checkpoint
    assert (len(newest), len(oldest)) == (64, 0)
    assert kept * 2048 > limit_bytes * 0.6


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_miss(data: bytes) -> None:
    codec.vector_of(data)
    assert codec.picture_of(data) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_picture_with_any_byte_changed_is_a_miss(place: int, change: int) -> None:
    data = bytearray(codec.picture_bytes(PICTURE))
    data[place % len(data)] ^= change
    changed = codec.picture_of(bytes(data))
    # The header has no checksum of its own: a changed digit there is another number.
    assert changed is None or zlib.crc32(changed.thumbnail) == zlib.crc32(PICTURE.thumbnail)


@given(
    st.builds(
        Picture,
        format=st.text(max_size=8),
        width_px=st.integers(1, 100_000),
        height_px=st.integers(1, 100_000),
        phash=st.integers(0, 2**64 - 1),
        partial=st.booleans(),
        pixel_source=st.sampled_from(["image", "preview", "developed"]),
        thumbnail=st.binary(max_size=100),
    )
)
def test_every_picture_survives_its_record(picture: Picture) -> None:
    data = codec.picture_bytes(picture)
    assert codec.picture_of(data) == picture
    assert codec.picture_of(data[:-1]) is None
    assert codec.picture_of(data + b"\0") is None
