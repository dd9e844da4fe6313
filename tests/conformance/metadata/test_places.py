"""Metadata is found wherever cameras and programs of all ages put it."""

from __future__ import annotations

import os
import struct
import zlib
from datetime import datetime
from pathlib import Path

import pytest

from tests.metadata_files import (
    chunk,
    exif,
    gif_with_xmp,
    iim,
    jpeg,
    jpeg_with_exif,
    png,
    raw_profile,
    resource,
    segment,
    text_chunk,
)
from tests.picture_files import encoded, exif_with, scene, xmp
from utils.containers.png.texts import MAX_TEXT_BYTES
from utils.containers.tiff import tiff_structure
from utils.imaging.decoding import open_upright
from utils.imaging.formats import Format, sniff
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata, TakenAtSource

PACKET = xmp(title="Été", rating=4)
MAKER = exif({271: "Maker"})
FLICKR = b"XMP\0://ns.adobe.com/xap/1.0/\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"


def read(data: bytes) -> Metadata:
    known = sniff(data)
    assert known is not None
    return extract_metadata(data, known)


@pytest.mark.parametrize(
    "header", [XMP_HEADER, FLICKR, b"", b"\0\0", b"adobe:ns:meta/\0"], ids=repr
)
def test_xmp_of_a_jpeg_is_read_behind_any_header(header: bytes) -> None:
    assert read(jpeg(segment(0xE1, header + PACKET))).title == "Été"


@pytest.mark.parametrize(
    "header",
    [b"Exif\0\0", b"Exif\0", b"\0\0\0\x1cExif\0\0", b"exif\0\0", b"Exif\0\0\0\0\0", b"Exif\0\0ABC"],
    ids=repr,
)
def test_exif_of_a_jpeg_is_read_behind_stray_bytes(header: bytes) -> None:
    assert read(jpeg(segment(0xE1, header + MAKER))).camera_make == "Maker"


def test_exif_that_is_longer_than_a_segment_is_joined() -> None:
    block = exif({271: "Maker", 40091: b"\0" * 65_400, 305: "Program"})
    first, rest = block[:60_000], block[60_000:]
    parts = (segment(0xE1, b"Exif\0\0" + part) for part in (first, rest))
    assert read(jpeg(*parts)).software == "Program"


def test_xmp_that_is_longer_than_a_segment_is_joined_by_its_offsets() -> None:
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    main = PACKET.replace(b"<dc:title>", b"<!--" + guid + b"--><dc:title>")
    extension = xmp(keywords=["depth", "more"])
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(extension))
    cut = len(extension) // 2
    parts = [
        segment(0xE1, head + struct.pack(">I", start) + extension[start:end])
        for start, end in ((cut, len(extension)), (0, cut))
    ]
    found = read(jpeg(segment(0xE1, XMP_HEADER + main), *parts))
    assert (found.title, found.keywords) == ("Été", ("depth", "more"))
    unnamed = read(jpeg(segment(0xE1, XMP_HEADER + PACKET), *parts))
    assert unnamed.keywords == ()


def test_a_gif_has_xmp() -> None:
    found = read(gif_with_xmp(PACKET))
    assert (found.title, found.rating) == ("Été", 4)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXz"])
def test_a_png_has_xmp_in_any_text(kind: str) -> None:
    assert read(png(text_chunk(kind, "XML:com.adobe.xmp", PACKET))).title == "Été"


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXz"])
@pytest.mark.parametrize("name", ["exif", "APP1"])
def test_a_png_has_exif_in_a_raw_profile(kind: str, name: str) -> None:
    value = raw_profile(name.lower(), b"Exif\0\0" + MAKER)
    assert read(png(text_chunk(kind, f"Raw profile type {name}", value))).camera_make == "Maker"


@pytest.mark.parametrize(
    ("name", "content"),
    [("xmp", PACKET), ("APP1", XMP_HEADER + PACKET), ("APP1", FLICKR + PACKET)],
)
def test_a_png_has_xmp_in_a_raw_profile(name: str, content: bytes) -> None:
    value = raw_profile(name.lower(), content)
    assert read(png(text_chunk("zTXt", f"Raw profile type {name}", value))).title == "Été"


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("name", ["iptc", "8bim"])
def test_a_png_has_iptc_in_a_raw_profile(name: str, *, wrapped: bool) -> None:
    block = iim((5, b"Title"), (55, b"20040713"))
    content = resource(0x0404, block) if wrapped else block
    found = read(png(text_chunk("zTXt", f"Raw profile type {name}", raw_profile(name, content))))
    assert (found.title, found.taken_at) == ("Title", datetime(2004, 7, 13))  # noqa: DTZ001
    assert found.taken_at_source is TakenAtSource.IPTC


def test_a_raw_profile_turns_the_picture_unless_a_chunk_says_otherwise() -> None:
    turned = b"Exif\0\0" + exif({274: (3, [6])})
    profile = text_chunk("zTXt", "Raw profile type exif", raw_profile("exif", turned))
    assert open_upright(png(profile), min_side_px=8, max_pixels=10_000).size == (24, 32)
    chunked = encoded(scene(32, 24), "PNG", exif=exif_with(orientation=1))
    both = chunked[:33] + profile + chunked[33:]
    assert open_upright(both, min_side_px=8, max_pixels=10_000).size == (32, 24)


def test_a_png_says_what_it_is_in_its_texts() -> None:
    texts = {
        "Title": "Été",
        "Description": "A tree",
        "Keywords": "rome, frost",
        "Software": "Program",
        "Make": "Maker",
        "Model": "M 5",
    }
    found = read(png(*(text_chunk("tEXt", key, text.encode()) for key, text in texts.items())))
    assert (found.title, found.description, found.software) == ("Été", "A tree", "Program")
    assert (found.camera_make, found.camera_model) == ("Maker", "M 5")
    assert found.keywords == ("rome", "frost")
    latin = read(png(text_chunk("zTXt", "Title", "Été".encode("latin-1"))))
    assert latin.title == "Été"


def test_the_texts_of_a_png_are_unpacked_within_a_bound() -> None:
    bomb = text_chunk("zTXt", "Title", b"a" * (3 * MAX_TEXT_BYTES))
    assert len(bomb) < 100_000
    found = read(png(*[bomb] * 50, chunk(b"tIME", struct.pack(">HBBBBB", 2014, 4, 4, 8, 51, 31))))
    assert found.taken_at == datetime(2014, 4, 4, 8, 51, 31)  # noqa: DTZ001
    assert found.taken_at_source is TakenAtSource.PNG
    assert found.taken_at_offset_min == 0


def test_photoshop_s_resources_hold_exif_and_xmp() -> None:
    both = resource(0x0422, MAKER) + resource(0x0424, PACKET)
    for header in (b"Photoshop 3.0\0", b"Adobe_Photoshop2.5:"):
        found = read(jpeg(segment(0xED, header + both)))
        assert (found.camera_make, found.title) == ("Maker", "Été")
    other = jpeg(
        segment(0xE1, b"Exif\0\0" + exif({271: "Camera"})), segment(0xED, b"Photoshop 3.0\0" + both)
    )
    assert read(other).camera_make == "Camera"


def test_a_bigtiff_is_read_as_a_tiff_is() -> None:
    make = b"A maker with a name\0"
    for order, mark in (("<", b"II+\0"), (">", b"MM\0+")):
        head = mark + struct.pack(order + "HHQ", 8, 0, 16)
        entry = struct.pack(order + "HHQQ", 271, 2, len(make), 16 + 8 + 20 + 8)
        data = head + struct.pack(order + "Q", 1) + entry + bytes(8) + make
        assert extract_metadata(data, Format.TIFF).camera_make == "A maker with a name"


def test_offsets_of_a_bigtiff_that_no_file_has_are_read_from_no_file(tmp_path: Path) -> None:
    """The system refuses an offset of 64 bits."""
    far = b"\xff" * 8
    entry = struct.pack("<HHQ", 271, 2, 100) + far + struct.pack("<HHQ", 34665, 16, 1) + far
    for data in (
        b"II+\0\x08\0\0\0" + far,
        b"II+\0\x08\0\0\0" + b"\x10" + bytes(7) + b"\2" + bytes(7) + entry,
    ):
        path = tmp_path / "far.tif"
        path.write_bytes(data)
        with path.open("rb") as file:
            tiff = tiff_structure(lambda at, length: os.pread(file.fileno(), length, at))
            assert tiff is not None
            first = tiff.first()
            assert first is None or tiff.subdirectories(first, 34665) == []


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_byte_order_is_what_makes_sense_of_the_directory(order: str) -> None:
    block = exif({271: "Maker"}, {42036: "A lens"}, order=order)
    other = (b"MM" if order == "<" else b"II") + block[2:]
    assert read(jpeg_with_exif(other)).lens == "A lens"


def test_a_webp_has_xmp_under_a_name_that_is_misspelt() -> None:
    data = encoded(scene(32, 24), "WEBP", xmp=PACKET)
    assert read(data.replace(b"XMP ", b"XMP\0")).title == "Été"


def test_what_is_packed_wrongly_is_passed_over() -> None:
    broken = chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"Title")[:-9])
    found = read(
        png(broken, chunk(b"zxIf", b"\0\0\0\0\0nothing"), text_chunk("tEXt", "Title", b"T"))
    )
    assert found.title in ("T", "Title")


def test_a_jpeg_2000_keeps_each_kind_in_a_box_of_its_own() -> None:
    def box(uuid: bytes, content: bytes) -> bytes:
        return (24 + len(content)).to_bytes(4) + b"uuid" + uuid + content

    xmp_uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    iptc_uuid = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
    boxes = (
        box(b"JpgTiffExif->JP2", MAKER) + box(xmp_uuid, PACKET) + box(iptc_uuid, iim((25, b"a")))
    )
    signature = b"\0\0\0\x0cjP  \r\n\x87\n"
    found = extract_metadata(signature + boxes, Format.JPEG_2000)
    assert (found.camera_make, found.title, found.keywords) == ("Maker", "Été", ("a",))
