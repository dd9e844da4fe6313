"""ZIPs that are sent while they are made: other programs read them, whatever is in them."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.library.pictures.zip_stream import ZipStream

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\x00"), min_size=1)


def archive(entries: dict[str, list[bytes]], *, size_bytes: int | None = None) -> bytes:
    written, stream = bytearray(), ZipStream()
    for name, chunks in entries.items():
        size = sum(map(len, chunks)) if size_bytes is None else size_bytes
        stream.begin(name, size_bytes=size, mtime_ns=1_600_000_000 * 10**9)
        for chunk in chunks:
            stream.write(chunk)
            written += stream.taken()
        stream.end()
    stream.finish()
    return bytes(written + stream.taken())


@given(st.dictionaries(NAMES, st.lists(st.binary(max_size=200), max_size=4), max_size=5))
def test_what_was_written_is_read(entries: dict[str, list[bytes]]) -> None:
    with zipfile.ZipFile(io.BytesIO(archive(entries))) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == {
            name: b"".join(chunks) for name, chunks in entries.items()
        }


def test_nothing_is_compressed_and_what_was_written_is_not_held() -> None:
    stream = ZipStream()
    stream.begin("a.jpg", size_bytes=3_000_000, mtime_ns=0)
    for _ in range(3):
        stream.write(bytes(1_000_000))
        assert 1_000_000 <= len(stream.taken()) <= 1_000_100
    stream.end()
    stream.finish()
    assert len(stream.taken()) < 300


def test_an_entry_of_more_than_4_gib_gets_fields_of_64_bits() -> None:
    data = archive({"large.tif": [b"some"]}, size_bytes=5 * 2**30)
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.read("large.tif") == b"some"
    assert data[4:6] == (45).to_bytes(2, "little"), "the version that a reader needs"


@pytest.mark.parametrize(
    ("mtime_ns", "date"),
    [
        (0, (1980, 1, 1, 0, 0, 0)),
        (1_600_000_001 * 10**9, (2020, 9, 13, 12, 26, 40)),
        (5_000_000_000 * 10**9, (2107, 12, 31, 23, 59, 58)),
        (2**63 - 1, (2107, 12, 31, 23, 59, 58)),
        (-(2**63), (1980, 1, 1, 0, 0, 0)),
    ],
)
def test_a_time_that_a_zip_cannot_say_is_at_the_edge(mtime_ns: int, date: tuple[int, ...]) -> None:
    stream = ZipStream()
    stream.begin("a", size_bytes=0, mtime_ns=mtime_ns)
    stream.end()
    stream.finish()
    with zipfile.ZipFile(io.BytesIO(stream.taken())) as read:
        assert read.getinfo("a").date_time == date


@pytest.mark.skipif(shutil.which("unzip") is None, reason="no unzip on this machine")
def test_unzip_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive({"ä.jpg": [b"one", b"two"], "b.jpg": []}))
    said = subprocess.run(["unzip", "-t", "a.zip"], cwd=tmp_path, capture_output=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
