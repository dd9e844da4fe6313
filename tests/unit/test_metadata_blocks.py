"""Blocks of metadata are found in any file, whole or damaged, inside fixed bounds."""

from __future__ import annotations

import struct
import time
import zlib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metadata_files import exif, png, text_chunk
from tests.picture_files import dng, encoded, exif_with, scene, xmp
from utils.containers.byte_source import FileBytes
from utils.containers.heif_items import metadata_items
from utils.containers.iso_boxes import boxes
from utils.containers.png.texts import texts
from utils.imaging.formats import Format, sniff
from utils.imaging.pillow_setup import ready_pillow
from utils.metadata.blocks.find import metadata_blocks
from utils.metadata.exif import exif_directories, read_exif
from utils.metadata.extractor import extract_metadata
from utils.metadata.makernotes.ciff import read_ciff
from utils.metadata.photo_metadata import Metadata

PNG_START = b"\x89PNG\r\n\x1a\n"
LONGEST_S = 5.0  # of the processor, for hostile files


def read_whole(data: bytes, known: Format) -> None:
    """All that `extract_metadata` does, without its net."""
    found = metadata_blocks(data, known)
    for block in found.exif:
        read_exif(exif_directories(block))


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def ifd(entries: list[tuple[int, int, int, int]], *, following: int = 0) -> bytes:
    """Tag, type, count and value or offset."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


@pytest.mark.parametrize("name", ["HEIF", "AVIF"])
def test_the_items_of_a_heif_are_its_exif_and_xmp(name: str) -> None:
    ready_pillow()
    packet, exif = xmp(title="T"), exif_with(make="Maker")
    items = dict(metadata_items(encoded(scene(32, 24), name, exif=exif, xmp=packet)))
    assert items[b"mime"].startswith(packet[:50])
    assert b"Maker" in items[b"Exif"]


def test_a_heif_may_end_anywhere() -> None:
    """A list of items that began at the file's end was an IndexError."""
    iloc, iinf = chunk(b"iloc", b"\0" * 8)[:-4], b"\0\0\0\x08iinf"
    for data in (b"\0\0\0\x00meta\0\0\0\0" + part for part in (iinf + iloc, iloc + iinf, iinf)):
        assert list(metadata_items(data)) == []
    whole = dict(whole_files())[Format.HEIC]
    for end in range(min(len(whole), 1500)):
        list(metadata_items(whole[:end]))


def test_a_giant_png_text_is_passed_over_and_a_bomb_is_cut() -> None:
    giant = chunk(b"tEXt", b"Comment\0" + b"a" * 20_000_000)
    bomb = zlib.compress(b"<x>" + b" " * 200_000_000)
    packet = b"XML:com.adobe.xmp\0\x01\0\0\0" + bomb
    data = PNG_START + giant + chunk(b"iTXt", packet) * 20 + chunk(b"eXIf", exif_with(make="M"))
    began_s = time.process_time()
    blocks = metadata_blocks(data, Format.PNG)
    assert sum(map(len, blocks.xmp)) <= 8 * 1024 * 1024
    assert time.process_time() - began_s < LONGEST_S


def test_texts_that_cannot_be_unpacked_are_not_tried_without_end() -> None:
    packed = zlib.compress(bytes(4_000_000))
    broken = chunk(b"zTXt", b"Comment\0\0" + packed[:-4] + bytes(4))
    began_s = time.process_time()
    assert len(list(texts(PNG_START + broken * 2000))) <= 64
    assert time.process_time() - began_s < LONGEST_S


def test_white_space_without_end_in_a_raw_profile_costs_no_time() -> None:
    data = png(text_chunk("zTXt", "Raw profile type exif", b"\n" * 4_000_000))
    began_s = time.process_time()
    assert extract_metadata(data, Format.PNG) == Metadata()
    assert time.process_time() - began_s < LONGEST_S


@pytest.mark.parametrize("comment", [b"a" * 9000 + b" " * 9000, b"ab cd " + b"a=" * 9000])
def test_a_long_comment_of_machines_costs_no_time(comment: bytes) -> None:
    block = exif(camera={37510: b"ASCII\0\0\0" + comment})
    began_s = time.process_time()
    read_exif(exif_directories(block))
    assert time.process_time() - began_s < LONGEST_S


def test_directories_that_point_at_themselves_or_each_other_end() -> None:
    pointers = [(34665, 4, 1, 8), (34853, 4, 1, 8), (330, 4, 1, 8), (271, 2, 4, 0x004B)]
    data = b"II*\0\x08\0\0\0" + ifd(sorted(pointers), following=8)
    assert extract_metadata(data, Format.TIFF).camera_make == "K"


def test_huge_counts_cost_neither_time_nor_memory() -> None:
    lists = [(1000 + number, 4, 16_000, 8) for number in range(500)]
    data = b"II*\0\x08\0\0\0" + ifd(lists) + bytes(70_000)
    began_s = time.process_time()
    for block in [data] * 4:
        read_exif(exif_directories(block))
    beyond = [(34855, 3, 0xFFFFFFFF, 8), (36867, 2, 0x7FFFFFFF, 8), (33434, 5, 1, 0xFFFFFFF0)]
    assert read_exif(exif_directories(b"II*\0\x08\0\0\0" + ifd(beyond)))[0] == Metadata()
    assert time.process_time() - began_s < LONGEST_S


def test_the_wrong_type_of_a_value_is_no_value() -> None:
    """A date in numbers, a rating in text, a place in bytes."""
    wrong = [(1, 3, 1, 7), (271, 4, 1, 7), (18246, 2, 4, 0x37), (34855, 2, 4, 7), (36867, 3, 2, 7)]
    assert read_exif(exif_directories(b"II*\0\x08\0\0\0" + ifd(wrong))) == (Metadata(), ())


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_file_of_any_format_is_read_without_an_error(data: st.DataObject) -> None:
    known, whole = data.draw(st.sampled_from(whole_files()))
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 10))):
        if damaged:
            damaged[data.draw(st.integers(0, min(len(damaged), 2000) - 1))] = data.draw(
                st.integers(0, 255)
            )
    read_whole(bytes(damaged), known)


def test_a_file_says_the_same_read_in_places_as_read_whole(tmp_path: Path) -> None:
    for number, (known, data) in enumerate(whole_files()):
        path = tmp_path / str(number)
        path.write_bytes(data)
        with path.open("rb") as file:
            source = FileBytes(file.fileno(), len(data))
            assert extract_metadata(source, known) == extract_metadata(data, known)


@given(st.binary(max_size=300), st.sampled_from(list(Format)))
def test_any_bytes_are_searched_without_an_error(data: bytes, known: Format) -> None:
    for start in (b"", b"II*\0\x08\0\0\0", PNG_START, b"\xff\xd8\xff\xe1", b"RIFF\0\0\0\0WEBP"):
        read_whole(start + data, known)
    read_ciff(b"II\x0e\0\0\0HEAPCCDR" + data)
    meta = chunk(b"meta", b"\0\0\0\0" + data)[:-4]
    list(metadata_items((len(meta) + 4).to_bytes(4) + meta[4:]))
    for box in boxes(data):
        assert box.start <= box.end


@cache
def whole_files() -> list[tuple[Format, bytes]]:
    ready_pillow()
    found = []
    for name in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "JXL"):
        data = encoded(scene(32, 24), name, exif=exif_with(make="Maker", orientation=6))
        known = sniff(data)
        assert known is not None
        found.append((known, data))
    return [*found, (Format.DNG, dng(scene(64, 48)))]
