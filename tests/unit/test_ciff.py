"""A CRW says its camera, its time and its exposure in Canon's own heaps."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.imaging.formats import Format, sniff
from utils.metadata.extractor import extract_metadata
from utils.metadata.makernotes.ciff import read_ciff
from utils.metadata.photo_metadata import Metadata, TakenAtSource

CAMERA, FOCAL_LENGTH, SHOT, SETTINGS = 0x080A, 0x1029, 0x102A, 0x102D
# Of a Canon EOS D30: 100 ISO, aimed at f/5.6 and 5 s, taken with them.
D30 = {1: 0, 2: 160, 4: 159, 5: -74, 21: 160, 22: -76}


def shorts(values: Mapping[int, int], *, count: int = 26) -> bytes:
    """A list of 16 bit whose first number is its length in bytes."""
    return struct.pack(f"<{count}h", 2 * count, *(values.get(at, 0) for at in range(1, count)))


def heap(values: Mapping[int, bytes], inline: Mapping[int, int] = {}) -> bytes:
    """Values, their directory, and where that begins."""
    body, entries = b"", b""
    for tag, value in values.items():
        entries += struct.pack("<HII", tag, len(value), len(body))
        body += value
    for tag, number in inline.items():
        entries += struct.pack("<HII", tag | 0x4000, number, 0)
    count = struct.pack("<H", len(values) + len(inline))
    return body + count + entries + struct.pack("<I", len(body))


def crw(values: Mapping[int, bytes], *, taken_at_s: int = 1_514_811_812) -> bytes:
    """`values` lie two heaps deep, as exposures do."""
    root = heap({0x2807: heap({0x300B: heap(values)})}, {0x180E: taken_at_s})
    return b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12) + root


def shot(values: Mapping[int, int]) -> Metadata:
    return read_ciff(crw({SHOT: shorts(values)}))[0]


def test_a_crw_says_its_camera_and_its_time() -> None:
    data = crw({CAMERA: b"Canon\0Canon EOS D30\0"})
    assert sniff(data) is Format.CRW
    found = extract_metadata(data, Format.CRW)
    assert (found.camera_make, found.camera_model) == ("Canon", "Canon EOS D30")
    assert found.taken_at is not None
    assert found.taken_at.isoformat() == "2018-01-01T13:03:32"
    assert found.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL


def test_a_crw_says_its_exposure() -> None:
    focal = struct.pack("<4H", 0, 31, 914, 610)
    data = crw({SHOT: shorts(D30), FOCAL_LENGTH: focal, SETTINGS: shorts({25: 1})})
    found = extract_metadata(data, Format.CRW)
    assert (found.iso, found.focal_length_mm) == (100, 31.0)
    assert found.aperture_f == pytest.approx(5.66)
    assert found.exposure_s == pytest.approx(5.04)


def test_focal_lengths_are_counted_in_units_of_the_lens() -> None:
    focal = struct.pack("<4H", 2, 229, 0, 0)
    assert read_ciff(crw({FOCAL_LENGTH: focal}))[0].focal_length_mm == 229
    in_32nds = crw({FOCAL_LENGTH: focal, SETTINGS: shorts({25: 32})})
    assert read_ciff(in_32nds)[0].focal_length_mm == pytest.approx(7.16, abs=0.01)


def test_what_was_aimed_at_stands_in_for_what_was_not_noted() -> None:
    found = shot({**D30, 21: 0, 22: 0})
    assert found.aperture_f == pytest.approx(5.6)
    assert found.exposure_s == pytest.approx(4.97)


@pytest.mark.parametrize(
    ("coded", "exposure_s"),
    [(0, 1), (32, 1 / 2), (12, 2 ** (-1 / 3)), (20, 2 ** (-2 / 3)), (-32, 2), (256 + 12, 1 / 322)],
)
def test_times_are_powers_of_two_with_thirds(coded: int, exposure_s: float) -> None:
    assert shot({21: 96, 22: coded}).exposure_s == pytest.approx(exposure_s, rel=0.01)


def test_what_the_camera_raised_by_itself_comes_on_top_of_the_iso() -> None:
    assert shot({1: 32, 2: 160}).iso == 200
    assert shot({1: -32, 2: 160}).iso == 50
    assert shot({1: 5, 2: 0}).iso is None
    assert shot({1: -86, 2: 1}).iso is None


def test_a_list_that_is_short_or_empty_says_nothing() -> None:
    assert shot({}) == Metadata()
    for length in range(12):
        read_ciff(crw({SHOT: shorts(D30)[:length], FOCAL_LENGTH: bytes(length)}))
    assert read_ciff(crw({SHOT: shorts(D30)[:6]}))[0] == Metadata(iso=100)


@given(st.dictionaries(st.integers(1, 25), st.integers(-32_768, 32_767)), st.binary(max_size=80))
def test_no_numbers_are_an_error(numbers: dict[int, int], focal: bytes) -> None:
    data = crw({SHOT: shorts(numbers), SETTINGS: shorts(numbers), FOCAL_LENGTH: focal})
    found, _ = read_ciff(data)
    for number in (found.aperture_f, found.exposure_s, found.focal_length_mm, found.iso):
        assert number is None or 0 < number < 1e10
