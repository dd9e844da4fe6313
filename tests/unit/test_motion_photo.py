"""Motion photos: the still is read as it was before, and that a film lies behind it is told."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.picture_files import encoded, scene
from utils.containers.motion_photo import holds_film
from utils.imaging.decoding import open_upright
from utils.imaging.formats import Format, sniff
from utils.imaging.pillow_setup import ready_pillow
from utils.metadata.extractor import extract_metadata

FILM = struct.pack(">I4s4s", 24, b"ftyp", b"mp42") + bytes(500)
CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
CONTAINER = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)


def packet(attributes: str, inner: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f"{CAMERA} {CONTAINER} {attributes}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


MICRO_VIDEO = packet(f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(FILM)}"')
MOTION_PHOTO = packet(
    'GCamera:MotionPhoto="1"',
    '<Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary"/>'
    f'<Container:Item Item:Semantic="MotionPhoto" Item:Length="{len(FILM)}"/>',
)
SILENT = packet('GCamera:MotionPhoto="0"')


def jpeg(xmp: bytes = b"") -> bytes:
    return encoded(scene(48, 32), xmp=xmp) if xmp else encoded(scene(48, 32))


def samsung(kind: int = 0x0A30, length: int = len(FILM)) -> bytes:
    """A JPEG with Samsung's trailer: the film, then a directory of it."""
    entry = struct.pack("<HHII", 0, kind, len(FILM), length)
    directory = b"SEFH" + struct.pack("<II", 107, 1) + entry
    return jpeg() + FILM + directory + struct.pack("<I", len(directory)) + b"SEFT"


def heic_with(box: bytes) -> bytes:
    ready_pillow()
    data = encoded(scene(64, 48), "HEIF")
    return data + struct.pack(">I4s", 8 + len(FILM), box) + FILM


@pytest.mark.parametrize(
    "data",
    [jpeg(MICRO_VIDEO) + FILM, jpeg(MOTION_PHOTO) + FILM, samsung(), heic_with(b"mpvd")],
    ids=["micro video", "motion photo", "samsung", "heic"],
)
def test_a_film_behind_the_still_is_known_and_the_still_is_read(data: bytes) -> None:
    known = sniff(data)
    assert known is not None
    assert extract_metadata(data, known).motion is True
    found = open_upright(data, min_side_px=16, max_pixels=10**6)
    assert not found.partial
    assert found.size in ((48, 32), (64, 48))


@pytest.mark.parametrize(
    "data",
    [
        jpeg(),
        jpeg() + FILM,
        jpeg(SILENT) + FILM,
        jpeg(MICRO_VIDEO),  # edited since: the claim stayed and the film went
        jpeg(MOTION_PHOTO),
        samsung(kind=0x0001),
        samsung(length=0),
        samsung()[:-4] + b"SEFX",
        heic_with(b"free"),
    ],
)
def test_where_none_is_none_is_told(data: bytes) -> None:
    known = sniff(data)
    assert known is not None
    assert extract_metadata(data, known).motion is None


@given(st.binary(max_size=64), st.integers(0, 2**32 - 1), st.booleans())
def test_any_trailer_is_survived(tail: bytes, length: int, is_heif: bool) -> None:
    data = b"SEFH" + tail + struct.pack("<I", length) + b"SEFT"
    assert holds_film(data, [tail, MICRO_VIDEO], is_heif=is_heif) in (True, False)
    assert extract_metadata(b"\xff\xd8\xff" + data, Format.JPEG).title is None
