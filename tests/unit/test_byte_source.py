"""A file that is read in places says the same as one that is read whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from hypothesis import given
from hypothesis import strategies as st

from utils.containers.byte_source import FileBytes

places = st.none() | st.integers(-60, 60)


@contextmanager
def on_disk(data: bytes) -> Iterator[FileBytes]:
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield FileBytes(file.fileno(), len(data))


@given(data=st.binary(max_size=40), start=places, stop=places)
def test_every_slice_is_that_of_the_bytes(data: bytes, start: int | None, stop: int | None) -> None:
    with on_disk(data) as source:
        assert len(source) == len(data)
        assert source[start:stop] == data[start:stop]


def test_a_file_that_shrinks_gives_shorter_slices() -> None:
    with TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        source = FileBytes(file.fileno(), 10)
        os.ftruncate(file.fileno(), 4)
        assert source[2:8] == b"23"
        assert source[6:8] == b""
