"""RAW files without all of their sensor data: an error that says so, and never stripes."""

from __future__ import annotations

import os
import struct

import pytest

from tests.picture_files import dng, scene
from utils.contract import ErrorCode
from utils.imaging.faults.raw_data import check_sensor_data
from utils.imaging.faults.unreadable import ImageUnreadableError, unreadable_as
from utils.imaging.raw_developing import develop, read_preview

LIMIT = 50_000_000
WIDTH, HEIGHT, DATA_AT = 1024, 768, 4096


def panasonic(data_bytes: int) -> bytes:
    """A RW2 as cameras write it: its strips begin nowhere, another tag says where."""
    wanted = WIDTH * HEIGHT * 16 // 14
    entries: dict[int, tuple[int, bytes | int]] = {
        1: (7, b"0300"),
        2: (3, WIDTH),
        3: (3, HEIGHT),
        4: (3, 0),
        5: (3, 0),
        6: (3, HEIGHT),
        7: (3, WIDTH),
        9: (3, 1),
        10: (3, 12),
        11: (3, 34316),
        45: (3, 4),
        271: (2, b"Panasonic\0"),
        272: (2, b"DMC-LX3\0"),
        273: (4, 0xFFFF_FFFF),
        278: (4, HEIGHT),
        279: (4, wanted),
        280: (4, DATA_AT),
    }
    directory, heap, at = b"", b"", 24 + 2 + 12 * len(entries) + 4
    for tag, (kind, value) in entries.items():
        if isinstance(value, int):
            directory += struct.pack("<HHII", tag, kind, 1, value)
        else:
            place = value if len(value) == 4 else struct.pack("<I", at + len(heap))
            heap += b"" if len(value) == 4 else value
            directory += struct.pack("<HHI", tag, kind, len(value)) + place
    head = b"IIU\0" + struct.pack("<I", 24) + bytes(16) + struct.pack("<H", len(entries))
    header = (head + directory + bytes(4) + heap).ljust(DATA_AT, b"\0")
    return header + bytes(range(256)) * (data_bytes // 256)


def test_a_rw2_whose_data_is_cut_off_is_an_error() -> None:
    whole = WIDTH * HEIGHT * 16 // 14
    for there in (0, whole // 3, whole * 9 // 10):
        data = panasonic(there)
        with pytest.raises(ImageUnreadableError, match="the file is cut off: it ends") as caught:
            develop(data, min_side_px=64, max_pixels=LIMIT)
        assert caught.value.code is ErrorCode.DECODING_RAW
    check_sensor_data(panasonic(whole + 256))


def test_a_raw_without_a_preview_says_at_once_that_it_is_cut_off() -> None:
    descriptor = os.memfd_create("raw")
    try:
        os.write(descriptor, panasonic(2560))
        with pytest.raises(ImageUnreadableError, match="cut off"):
            read_preview(descriptor, min_side_px=64, max_pixels=LIMIT)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_a_dng_that_is_cut_off_says_so(share: float) -> None:
    data = dng(scene(320, 240), preview=False)
    with pytest.raises(ImageUnreadableError, match="the file is cut off") as caught:
        develop(data[: int(len(data) * share)], min_side_px=64, max_pixels=LIMIT)
    assert caught.value.code is ErrorCode.DECODING_RAW


def test_gopros_gpr_says_what_it_is() -> None:
    data = bytearray(dng(scene(320, 240), preview=False))
    at = data.index(struct.pack("<HHI", 259, 3, 1))
    data[at + 8 : at + 10] = struct.pack("<H", 9)  # VC-5
    for work in (read_preview, develop):
        with pytest.raises(ImageUnreadableError, match="GPR") as caught:
            work(bytes(data), min_side_px=64, max_pixels=LIMIT)
        assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED


def test_a_raw_that_is_whole_passes() -> None:
    with unreadable_as(ErrorCode.DECODING_RAW):
        check_sensor_data(dng(scene(320, 240)))
        check_sensor_data(b"FUJIFILMCCD-RAW" + bytes(100))
        check_sensor_data(b"II*\0\xff\xff\xff\xff")
