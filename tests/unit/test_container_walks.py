"""JPEG segments and PNG chunks are walked in bounds, and of a file as of its bytes."""

from __future__ import annotations

import tempfile
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.picture_files import encoded, exif_with, scene
from utils.containers.byte_source import FileBytes
from utils.containers.jpeg_segments import START_OF_SCAN, scan_segments, segments
from utils.containers.png_chunks import chunks

PIECES = st.sampled_from(
    [b"\xff", b"\xff\xe1\0\x04ab", b"\xff\xd0", b"\xff\xda\0\x03\1", b"\xff\xd9", b"\0", b"junk"]
)
JPEGS = st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=30).map(
    lambda pieces: b"\xff\xd8" + b"".join(pieces)
)


@given(JPEGS)
def test_segments_follow_each_other_and_end(data: bytes) -> None:
    found = list(segments(data))
    assert all(data[at.start] == 0xFF and data[at.start + 1] == at.marker for at in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert START_OF_SCAN not in [at.marker for at in found[:-1]]
    walked = list(scan_segments(data))
    assert all(one.start + 2 <= other.start for one, other in pairwise(walked))


@given(JPEGS)
def test_a_file_has_the_segments_and_chunks_of_its_bytes(data: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        source = FileBytes(file.fileno(), len(data))
        assert list(segments(source)) == list(segments(data))
        assert list(chunks(source)) == list(chunks(data))
        file.truncate(len(data) // 2)  # while it is read
        list(segments(source))
        list(chunks(source))


def test_what_lies_between_segments_is_skipped_however_much_it_is() -> None:
    jpeg = encoded(scene(16, 16), exif=exif_with(make="Maker"))
    plain = [at.marker for at in segments(jpeg)]
    for gap in (b"\xff" * 65_534, b"\xff" * 65_536, b"\0" * 200_000, b"\0\xff" * 5 + b"\0"):
        padded = jpeg[:2] + gap + jpeg[2:]
        # 0xFF and 0 is a marker without a length
        assert [at.marker for at in segments(padded)] == plain
    assert len(list(segments(b"\xff\xd8" + b"\xff\xe1\0\2" * 10_000))) == 4096


def test_the_scans_of_a_progressive_jpeg_end_where_the_next_segment_begins() -> None:
    jpeg = encoded(scene(64, 48), progressive=True)
    walked = list(scan_segments(jpeg))
    assert sum(at.marker == START_OF_SCAN for at in walked) > 5
    assert all(one.end == other.start for one, other in pairwise(walked))
    assert jpeg[walked[-1].end :] == b"\xff\xd9"


def test_chunks_end_with_the_last_one() -> None:
    png = encoded(scene(16, 16), "PNG")
    kinds = [chunk.kind for chunk in chunks(png + png[8:])]
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    [header] = islice(chunks(png), 1)
    assert png[header.content] == png[16:29]
