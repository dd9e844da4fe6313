"""Of a file that holds several pictures the one is shown that people see, and no garbage."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.opened_pictures import difference, opened
from tests.picture_files import encoded, exif_with, scene, xmp_with

PICTURE = scene(320, 240)
OTHER = Image.new("RGB", (320, 240), "red")
GAIN_MAP = encoded(Image.new("L", (80, 60), 200), quality=80)
GPANO = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '
    b'GPano:ProjectionType="equirectangular" GPano:CroppedAreaLeftPixels="9"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
SPHERE = scene(640, 320)


def mpo(*, orientation: int | None = None) -> bytes:
    """As stereo cameras write it, and those that put a large preview behind the picture."""
    file = BytesIO()
    exif = b"" if orientation is None else exif_with(orientation=orientation)
    PICTURE.save(file, "MPO", save_all=True, append_images=[OTHER], quality=95, exif=exif)
    return file.getvalue()


def ultra_hdr() -> bytes:
    """XMP that tells of the gain map, which lies behind the picture, as ISO 21496-1 has it, too."""
    hdrgm = xmp_with("", ' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"')
    data = encoded(PICTURE, quality=95, xmp=hdrgm)
    iso = b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)
    segment = b"\xff\xe2" + struct.pack(">H", 2 + len(iso)) + iso
    return data[:2] + segment + data[2:] + GAIN_MAP


KINDS: dict[str, Callable[[], bytes]] = {
    "mpo": mpo,
    "ultra hdr": ultra_hdr,
    "motion photo": lambda: encoded(PICTURE, quality=95) + b"\0\0\0\x18ftypmp42" + bytes(5000),
    "samsung's trailer": lambda: encoded(PICTURE, quality=95) + b"\0\0\x01\x0aSEFHk\0\0\0SEFT",
    "another jpeg behind": lambda: encoded(PICTURE, quality=95) + encoded(OTHER),
    "a thumbnail within": lambda: with_thumbnail(),
}


def with_thumbnail() -> bytes:
    """In EXIF's second directory, of another picture."""
    small = encoded(OTHER.resize((64, 48)))
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 14)
    entries = struct.pack("<HHHII", 2, 513, 4, 1, 44) + struct.pack("<HHII", 514, 4, 1, len(small))
    block = head + entries + bytes(4)
    return encoded(PICTURE, quality=95, exif=b"Exif\0\0" + block + small)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("min_side_px", [64, 10_000])
def test_a_jpeg_shows_its_own_picture(kind: str, min_side_px: int) -> None:
    found = opened(KINDS[kind](), min_side_px=min_side_px)
    assert not found.partial
    assert found.size == (320, 240)
    assert difference(found.image.resize((320, 240)), PICTURE) < 9


def test_the_first_of_two_is_turned_as_it_says() -> None:
    assert opened(mpo(orientation=6)).size == (240, 320)


def test_a_sphere_is_shown_flat_as_it_is_stored() -> None:
    found = opened(encoded(SPHERE, quality=95, xmp=GPANO))
    assert (found.size, found.partial) == ((640, 320), False)
    assert difference(found.image, SPHERE) < 4


@pytest.mark.parametrize("name", ["WEBP", "GIF", "AVIF"])
def test_of_frames_the_first_is_shown(name: str) -> None:
    options: dict[str, object] = {"quality": 95} if name in ("WEBP", "AVIF") else {}
    data = encoded(PICTURE, name, save_all=True, append_images=[OTHER, OTHER], **options)
    assert difference(opened(data).image, PICTURE) < 12  # of a GIF 256 colours


def test_a_webp_whose_first_frame_is_a_part_lies_on_nothing() -> None:
    """The canvas is clear around it, and clear is shown as white."""
    first = Image.new("RGBA", (320, 240))
    first.paste((200, 0, 0, 255), (100, 50, 200, 150))
    data = encoded(
        first, "WEBP", save_all=True, append_images=[OTHER.convert("RGBA")], lossless=True
    )
    seen = np.asarray(opened(data).image)
    assert (seen[0, 0] == 255).all()
    assert (seen[100, 150] == (200, 0, 0)).all()


@pytest.mark.parametrize("in_animation", [True, False])
def test_an_apng_shows_its_default_picture(in_animation: bool) -> None:
    """That every viewer shows that knows no animation, and ImageMagick; Pillow's first, too."""
    options = {"save_all": True, "append_images": [OTHER, OTHER]}
    data = encoded(PICTURE, "PNG", default_image=not in_animation, **options)
    assert b"acTL" in data
    assert (np.asarray(opened(data).image) == np.asarray(PICTURE)).all()


def test_an_apng_whose_other_frames_are_broken_shows_its_picture() -> None:
    data = encoded(PICTURE, "PNG", save_all=True, append_images=[OTHER])
    at = data.index(b"fdAT")
    length = int.from_bytes(data[at - 4 : at])
    body = b"fdAT" + bytes(length)
    broken = data[:at] + body + zlib.crc32(body).to_bytes(4) + data[at + 8 + length :]
    assert (np.asarray(opened(broken).image) == np.asarray(PICTURE)).all()
