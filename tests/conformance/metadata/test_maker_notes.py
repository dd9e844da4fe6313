"""Lens, sensitivity and rating are read from maker notes where EXIF has none."""

from __future__ import annotations

import math
import struct
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metadata_files import (
    Value,
    directory,
    exif,
    jpeg,
    jpeg_with_exif,
    note_at,
    segment,
    with_note,
    x3f,
)
from utils.imaging.formats import Format
from utils.metadata.extractor import extract_metadata
from utils.metadata.makernotes.x3f import read_x3f
from utils.metadata.photo_metadata import Metadata, TakenAtSource


def read(make: str, note: bytes, camera: dict[int, Value] | None = None) -> Metadata:
    return extract_metadata(jpeg_with_exif(with_note(make, note, camera)), Format.JPEG)


def plain(make: str, values: dict[int, Value], *, head: bytes = b"", order: str = "<") -> bytes:
    """A note whose offsets count from the file's structure."""
    return head + directory(values, at=note_at(make) + len(head), order=order)


def own(values: dict[int, Value], *, head: bytes, order: str = "<") -> bytes:
    """A note whose offsets count from its own start."""
    return head + directory(values, at=len(head), order=order)


def canon(
    *, camera_iso: int = 0, shot: tuple[int, int] = (0, 0), lens: tuple[int, int, int] = (0, 0, 1)
) -> dict[int, Value]:
    settings_ = [92.0, *[0.0] * 45]
    settings_[16] = camera_iso
    settings_[23:26] = lens
    return {1: (3, settings_), 4: (3, [68, *shot, *[0] * 31])}


def nikon(values: dict[int, Value]) -> bytes:
    """With a structure of its own behind ten bytes."""
    return b"Nikon\0\x02\x10\0\0" + b"MM\0*\0\0\0\x08" + directory(values, at=8, order=">")


def test_canon_names_its_lens_or_tells_its_range() -> None:
    make = "Canon"
    named = plain(make, {**canon(lens=(35, 16, 1)), 0x95: "EF16-35mm f/2.8L II USM"})
    assert read(make, named).lens == "EF16-35mm f/2.8L II USM"
    assert read(make, plain(make, canon(lens=(22220, 7406, 1000)))).lens == "7.4 - 22.2 mm"


@pytest.mark.parametrize(
    ("lists", "iso"),
    [
        ({"camera_iso": 17}, 100),
        ({"camera_iso": 0x4000 | 640}, 640),
        ({"camera_iso": 0x7FFF, "shot": (0, 160)}, 100),
        ({"camera_iso": 15, "shot": (32, 160)}, 200),
        ({"shot": (0, 0)}, None),
    ],
)
def test_canon_tells_the_sensitivity_as_set_or_as_used(
    lists: dict[str, int], iso: int | None
) -> None:
    assert read("Canon", plain("Canon", canon(**lists))).iso == iso  # type: ignore[arg-type]  # either list


@pytest.mark.parametrize("moved", [-54, 62, 4000])
def test_a_note_of_canon_that_a_program_moved_is_still_read(moved: int) -> None:
    values = {**canon(camera_iso=17), 0x95: "EF16-35mm f/2.8L II USM"}
    note = directory(values, at=note_at("Canon") + moved)
    found = read("Canon", note)
    assert (found.lens, found.iso) == ("EF16-35mm f/2.8L II USM", 100)


def test_settings_of_canon_that_are_no_numbers_cost_the_rest_nothing() -> None:
    broken: dict[int, Value] = {1: (12, [92.0, *[math.nan] * 45]), 0x95: "EF16-35mm f/2.8L II USM"}
    assert read("Canon", plain("Canon", broken)).lens == "EF16-35mm f/2.8L II USM"


def test_a_note_of_canon_that_lies_nowhere_is_passed_over() -> None:
    values = canon(camera_iso=17)
    note = bytearray(directory(values, at=note_at("Canon")))
    note[-190:] = bytes(190)
    assert read("Canon", bytes(note)).iso is None


def test_nikon_tells_range_and_sensitivity() -> None:
    values: dict[int, Value] = {2: (3, [0, 200]), 0x84: (5, [18, 70, 3.5, 4.5])}
    for note in (nikon(values), plain("NIKON CORPORATION", values, order=">")):
        found = read("NIKON CORPORATION", note)
        assert (found.lens, found.iso) == ("18-70mm f/3.5-4.5", 200)
    assert read("NIKON", nikon({0x25: bytes([60, 1, 12, 0])})).iso == 100


def olympus_equipment(make: str, note: bytes, equipment: dict[int, Value], *, base: int) -> bytes:
    return note + directory(equipment, at=base + len(note))


@pytest.mark.parametrize(
    ("head", "from_note"),
    [(b"OLYMPUS\0II\x03\0", True), (b"OM SYSTEM\0\0\0II\x04\0", True), (b"OLYMP\0\x01\0", False)],
)
def test_olympus_names_its_lens_in_a_directory_of_its_own(head: bytes, *, from_note: bool) -> None:
    make = "OLYMPUS CORPORATION"
    base = 0 if from_note else note_at(make)
    length = len(head) + 2 + 12 + 4
    note = head + directory({0x2010: (13, [base + length])}, at=base + len(head))
    lens: dict[int, Value] = {0x203: "OLYMPUS M.14-42mm F3.5-5.6 II R"}
    found = read(make, olympus_equipment(make, note, lens, base=base))
    assert found.lens == "OLYMPUS M.14-42mm F3.5-5.6 II R"
    range_: dict[int, Value] = {
        0x205: (3, [925]),
        0x206: (3, [1272]),
        0x207: (3, [14]),
        0x208: (3, [54]),
    }
    old = read(make, olympus_equipment(make, note, range_, base=base))
    assert old.lens == "14-54mm f/3.5-5.6"


@pytest.mark.parametrize(
    ("spec", "lens"),
    [
        ("01001800553556 02", "DT 18-55mm F3.5-5.6 SAM"),
        ("80001800553556 00", "18-55mm F3.5-5.6 OSS"),
        ("03001600162828 00", "E 16mm F2.8"),
        ("02002400702828 04", "FE 24-70mm F2.8 ZA"),
        ("0000850085e0e0 00", "85mm F14"),
        ("ffffffffffffff ff", None),
        ("00000000000000 00", None),
    ],
)
def test_sony_writes_its_lens_in_digits(spec: str, lens: str | None) -> None:
    digits = bytes.fromhex(spec)
    for value in (digits, (1, [float(byte) for byte in digits])):
        note = plain("SONY", {0xB02A: value}, head=b"SONY DSC \0\0\0")
        assert read("SONY", note).lens == lens


def test_sony_and_fujifilm_keep_the_rating_that_the_camera_was_told() -> None:
    for head in (b"SONY DSC \0\0\0", b"SONY CAM \0\0\0", b""):
        note = plain("SONY", {0x2002: (4, [3])}, head=head)
        whole: dict[int, Value] = {34855: (3, [100]), 42036: "A lens"}
        length = note_at("SONY", whole) - note_at("SONY")
        assert read("SONY", note).rating == 3
        assert length > 0
        assert read("SONY", note, whole).rating == 3
    fuji = b"FUJIFILM\x0c\0\0\0" + directory({0x1431: (4, [4])}, at=12)
    assert read("FUJIFILM", fuji).rating == 4
    unknown = plain("SONY", {0x2002: (4, [4_294_967_295])}, head=b"SONY DSC \0\0\0")
    assert read("SONY", unknown).rating is None


def test_panasonic_and_leica_name_their_lens() -> None:
    lumix: dict[int, Value] = {0x51: "LUMIX G VARIO 14-42/F3.5-5.6", 0xD1: (4, [3200])}
    found = read("Panasonic", plain("Panasonic", lumix, head=b"Panasonic\0\0\0"))
    assert (found.lens, found.iso) == ("LUMIX G VARIO 14-42/F3.5-5.6", 3200)
    leica: dict[int, Value] = {0x303: "Summicron-T 1:2 23 ASPH."}
    note = own(leica, head=b"LEICA\0\x05\0")
    assert read("LEICA CAMERA AG", note).lens == "Summicron-T 1:2 23 ASPH."


@pytest.mark.parametrize(
    ("make", "head", "values", "iso"),
    [
        ("CASIO", b"", {0x14: (3, [64])}, 64),
        ("CASIO COMPUTER CO.,LTD", b"QVC\0\0\0", {0x14: (3, [9])}, 200),
        ("CASIO COMPUTER CO.,LTD", b"QVC\0\0\0", {0x14: (3, [9]), 0x3014: (3, [400])}, 400),
        ("PENTAX Corporation", b"AOC\0II", {0x14: (3, [9])}, 200),
        ("PENTAX Corporation", b"AOC\0II", {0x14: (3, [400])}, 400),
        ("Minolta Co., Ltd.", b"", {0x03: struct.pack(">12I", *[0] * 8, 56, 0, 0, 0)}, 200),
        ("CASIO", b"", {0x14: (3, [0])}, None),
    ],
)  # fmt: skip
def test_the_sensitivity_stands_in_the_notes_of_old_compacts(
    make: str, head: bytes, values: dict[int, Value], iso: int | None
) -> None:
    assert read(make, plain(make, values, head=head)).iso == iso


def test_notes_that_are_no_directories_have_fixed_places() -> None:
    kodak = b"KDK INFO" + bytes(0x60) + struct.pack(">H", 140) + bytes(40)
    assert read("EASTMAN KODAK COMPANY", kodak).iso == 140
    reconyx = b"\x01\xf1\x03\0".ljust(22, b"\0") + struct.pack("<6H", 5, 0, 12, 3, 4, 2021)
    found = read("RECONYX", reconyx)
    assert found.taken_at == datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001
    assert found.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL


def test_what_exif_says_counts_before_the_note() -> None:
    camera: dict[int, Value] = {34855: (3, [125]), 42036: "A lens"}
    note = directory({**canon(camera_iso=17), 0x95: "Another"}, at=note_at("Canon", camera))
    found = read("Canon", note, camera)
    assert (found.lens, found.iso) == ("A lens", 125)


def test_cameras_of_before_exif_tell_of_themselves_in_lines() -> None:
    lines = (
        b"OLYMPUS OPTICAL CO.,LTD.\0 713\r\n[picture info]\r\nTimeDate=909698819\r\n"
        b"Shutter=33363\r\nFNumber=F2.8\r\n"
    )
    found = extract_metadata(jpeg(segment(0xEC, lines)), Format.JPEG)
    assert found.taken_at == datetime(1998, 10, 29, 22, 6, 59)  # noqa: DTZ001
    assert found.aperture_f == 2.8
    assert found.exposure_s == pytest.approx(0.033363)
    qvci = b"QVCI\0".ljust(0x4D, b"\0") + b"2001.05.06.12:34:56\0\0QV-3000\0"
    shown = extract_metadata(jpeg(segment(0xE1, qvci)), Format.JPEG)
    assert shown.taken_at == datetime(2001, 5, 6, 12, 34, 56)  # noqa: DTZ001
    assert shown.camera_model == "QV-3000"


def test_sigma_keeps_properties_and_a_picture_with_exif() -> None:
    said = {
        "CAMMANUF": "SIGMA", "CAMMODEL": "SIGMA SD10", "FLENGTH": "55", "APERTURE": "8",
        "SHUTTER": "0.004", "ISO": "100", "TIME": "1107262692",
    }  # fmt: skip
    found = extract_metadata(x3f(said), Format.X3F)
    assert found.taken_at == datetime(2005, 2, 1, 12, 58, 12)  # noqa: DTZ001
    assert (found.camera_make, found.camera_model) == ("SIGMA", "SIGMA SD10")
    assert (found.focal_length_mm, found.aperture_f, found.exposure_s) == (55, 8, 0.004)
    assert found.iso == 100
    shown = jpeg_with_exif(exif({271: "SIGMA"}, {42036: "A lens"}))
    assert extract_metadata(x3f(said, shown), Format.X3F).lens == "A lens"
    whole = x3f(said, shown)
    for end in range(0, len(whole), 7):
        extract_metadata(whole[:end] + whole[-4:], Format.X3F)


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_any_bytes_are_properties_that_say_little(data: bytes, count: int, letters: int) -> None:
    section = b"SECp" + struct.pack("<5I", 0, count, 0, 0, letters) + data
    assert isinstance(read_x3f(section)[0], Metadata)


HEADS = [
    (b"Nikon\0\x02\x10\0\0II*\0\x08\0\0\0", "NIKON"),
    (b"OLYMPUS\0II\x03\0", "OLYMPUS"),
    (b"OLYMP\0\x01\0", "OLYMPUS"),
    (b"SONY DSC \0\0\0", "SONY"),
    (b"Panasonic\0\0\0", "Panasonic"),
    (b"LEICA\0\x05\0", "LEICA"),
    (b"FUJIFILM\x0c\0\0\0", "FUJIFILM"),
    (b"QVC\0\0\0", "CASIO"),
    (b"AOC\0II", "PENTAX"),
    (b"KDK INFO", "EASTMAN KODAK"),
    (b"\x01\xf1\x03\0", "RECONYX"),
    (b"", "Canon"),
    (b"", "CASIO"),
    (b"", "Minolta"),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=400), st.integers(0, 30))
def test_any_bytes_are_a_note_that_says_little(
    kind: tuple[bytes, str], data: bytes, count: int
) -> None:
    """Of any camera, with any entries: nothing is raised, and no number is out of its range."""
    head, make = kind
    found = read(make, head + struct.pack("<H", count) + data)
    assert found.iso is None or 0 < found.iso <= 6_553_600
    assert found.rating is None or -1 <= found.rating <= 5
