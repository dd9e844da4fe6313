"""IPTC-IIM is read as far as it goes, in either home and either encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.metadata.iptc import IPTC_RESOURCE, image_resources
from utils.metadata.iptc import read_iptc as read_both
from utils.metadata.photo_metadata import Metadata

TITLE, KEYWORD, CAPTION = 5, 25, 120


def iim(*fields: tuple[int, bytes]) -> bytes:
    return b"".join(
        b"\x1c\x02" + bytes([number]) + len(value).to_bytes(2) + value for number, value in fields
    )


def resource(number: int, data: bytes, name: bytes = b"") -> bytes:
    named = bytes([len(name)]) + name + b"\0" * ((len(name) + 1) % 2)
    return (
        b"8BIM"
        + number.to_bytes(2)
        + named
        + len(data).to_bytes(4)
        + data
        + b"\0" * (len(data) % 2)
    )


def read_iptc(block: bytes) -> Metadata:
    return read_both(block)[0]


def iptc_resources(resources: bytes) -> list[bytes]:
    return [each for number, each in image_resources(resources) if number == IPTC_RESOURCE]


FIELDS = iim((TITLE, b"Title"), (CAPTION, b"One\r\nTwo"), (KEYWORD, b"Frost"), (KEYWORD, b"Yard"))


def test_title_description_and_keywords_are_read() -> None:
    expected = Metadata(title="Title", description="One\nTwo", keywords=("Frost", "Yard"))
    assert read_iptc(FIELDS) == expected
    assert read_iptc(b"\x1c\x01\x5a\x00\x03\x1b%G" + FIELDS) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_either_encoding_is_told_by_its_bytes(encoding: str) -> None:
    assert read_iptc(iim((TITLE, "Été".encode(encoding)))).title == "Été"


def test_it_is_found_among_other_resources() -> None:
    others = (
        resource(0x03ED, b"123", b"odd") + resource(0x0404, FIELDS) + resource(0x0425, b"x" * 16)
    )
    assert iptc_resources(others) == [FIELDS]
    assert iptc_resources(b"8BIM" * 3) == []


def test_what_a_field_promises_and_does_not_hold_ends_the_reading() -> None:
    assert read_iptc(FIELDS[:-1]).keywords == ("Frost",)
    endless = b"\x1c\x02\x19\x80\x04\xff\xff\xff\xff"
    assert read_iptc(iim((TITLE, b"T")) + endless).title == "T"
    long = b"\x1c\x02\x05\x80\x04\x00\x00\x00\x05Title"
    assert read_iptc(long).title == "Title"


@given(st.binary(max_size=300), st.integers(0, len(FIELDS)))
def test_any_bytes_are_read_without_an_error(data: bytes, cut: int) -> None:
    read_iptc(data)
    read_iptc(FIELDS[:cut] + data)
    assert all(isinstance(block, bytes) for block in iptc_resources(b"8BIM\x04\x04" + data))
