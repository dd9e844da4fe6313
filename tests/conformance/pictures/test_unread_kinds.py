"""What this version does not read is named, and what is unknown is not guessed."""

from __future__ import annotations

import pytest

from tests.opened_pictures import opened
from utils.contract import ErrorCode
from utils.imaging.faults.unread_kinds import known_unread_kinds, unread_kind
from utils.imaging.faults.unreadable import ImageUnreadableError

FILES = {
    "Photoshop documents (PSD)": b"8BPS\0\1" + bytes(40),
    "large Photoshop": b"8BPS\0\2" + bytes(40),
    "OpenEXR": b"\x76\x2f\x31\x01\2\0\0\0",
    "Radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n",
    "SVG": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="x">',
    "PDF": b"%PDF-1.7\n",
    "EPS": b"\xc5\xd0\xd3\xc6" + bytes(28),
    "GIMP": b"gimp xcf v011\0",
    "JPEG XR": b"II\xbc\x01\x20\0\0\0",
    "FITS": b"SIMPLE  =                    T",
    "DICOM": bytes(128) + b"DICM",
    "films (MP4": b"\0\0\0\x18ftypisom" + bytes(40),
    "ZIP": b"PK\3\4" + bytes(40),
    "web pages": b"\n<!DOCTYPE html><svg>",
}


@pytest.mark.parametrize("name", FILES)
def test_a_kind_that_is_not_read_is_named(name: str) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        opened(FILES[name])
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED
    assert name.split()[0] in caught.value.detail
    assert caught.value.detail.startswith("this version of Photoseek does not read ")


@pytest.mark.parametrize("data", [b"8BPS", b"<p>", b"<?xml?><x/>", b"RIFF", b"\0\0\0\x18ftypzzzz"])
def test_what_is_not_known_is_not_guessed(data: bytes) -> None:
    assert unread_kind(data) is None
    with pytest.raises(ImageUnreadableError, match="no image format is recognised"):
        opened(data)


def test_each_kind_is_a_noun_phrase_of_its_own() -> None:
    words = [kind.words for kind in known_unread_kinds()]
    assert len(set(words)) == len(words) > 20
    assert all(not said.endswith(".") and len(said) < 80 for said in words)
