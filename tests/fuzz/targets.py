"""What is fuzzed, with what it must never do: raise anything but its own error, or take long."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from structlog.testing import capture_logs

from ml_inference_fastapi_app.serving.multipart import MultipartStream, Part, PartLimits
from tests.fuzz.metadata_seeds import said
from tests.fuzz.picture_seeds import jpeg_2000s, odd_heifs, odd_jpeg_xls, odd_tiffs
from tests.picture_files import dng, encoded, exif_with, scene
from tests.poison_makers import MAGICS, cyclic_exif, tiff_loop, tiff_nested
from tests.profiles import DISPLAY_P3, rgb_profile
from utils.contract import ClipUpload
from utils.imaging.decoding import ImageUnreadableError, decode_for_clip
from utils.imaging.formats import Format, sniff
from utils.imaging.pillow_setup import ready_pillow
from utils.metadata.beside.takeout_names import json_key, json_of
from utils.metadata.extractor import extract_metadata
from utils.problems import Problem

LIMIT_S = 5.0
_BOUNDARY = b"edge"
_PART_LIMITS = PartLimits(max_parts=8, max_part_bytes=4096, max_total_bytes=16_384)
_PHOTO = encoded(scene(16, 12))
_UPLOAD = ClipUpload(side_px=32, crop="center")
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf'
    b'-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def open_image(data: bytes) -> None:
    try:
        decode_for_clip(data, _UPLOAD, max_pixels=1_000_000)
    except ImageUnreadableError as exc:
        assert exc.detail  # noqa: PT017  # a code and a reason, or a picture


def read_metadata(data: bytes) -> None:
    known = sniff(data)
    if known is not None:
        with capture_logs() as said:  # it never fails: what it could not read it logs
            extract_metadata(data, known, sidecars=[data[:4096]])
        assert not said


def read_sidecar(data: bytes) -> None:
    """Beside a photograph, and its first bytes as the photograph's name."""
    name = data[:60].decode("utf-8", "replace")
    with capture_logs() as said:
        extract_metadata(_PHOTO, Format.JPEG, sidecars=[data], path=f"{name}/{name}")
    assert not said
    key = json_key(name)
    json_of(name, {} if key is None else {key: b"a"})


def parse_multipart(data: bytes) -> None:
    """The first byte says how long the chunks are into which the rest is cut, too."""
    whole = _parsed(data[1:], chunk_bytes=len(data) or 1)
    assert _parsed(data[1:], chunk_bytes=1 + (data[0] if data else 0)) == whole


def _parsed(body: bytes, *, chunk_bytes: int) -> tuple[list[Part], type[Problem] | None]:
    """The parts before the end or the problem, which is of the body, not of its chunks."""
    parts: list[Part] = []
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # a line for each bad body
    stream = MultipartStream(_BOUNDARY, _PART_LIMITS)
    try:
        for start in range(0, len(body), chunk_bytes):
            parts += stream.feed(body[start : start + chunk_bytes])
        stream.close()
    except Problem as exc:
        return [], type(exc)  # how many parts came before depends on the chunks
    assert sum(len(part.data) for part in parts) <= len(body)
    return parts, None


@dataclass(frozen=True, slots=True)
class Target:
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def in_time(target: Target, data: bytes) -> None:
    started_s = time.process_time()
    target.run(data)
    assert time.process_time() - started_s < LIMIT_S


def images() -> list[bytes]:
    """Small files of every format, with all that a reader may look at."""
    ready_pillow()
    picture = scene(40, 32)
    exif = exif_with(orientation=6, make="Maker", model="Model")
    icc = rgb_profile(DISPLAY_P3, None)
    several = {"save_all": True, "append_images": [scene(40, 32, seed=1)]}
    return [
        encoded(picture, exif=exif, icc_profile=icc, xmp=_XMP),
        encoded(picture, progressive=True, exif=exif),
        encoded(picture, "PNG", exif=exif, icc_profile=icc),
        encoded(picture, "WEBP", exif=exif, icc_profile=icc, xmp=_XMP),
        encoded(picture, "TIFF", exif=exif, compression="tiff_lzw"),
        encoded(picture, "TIFF", **several),
        *odd_tiffs(),
        *jpeg_2000s(picture),
        encoded(picture, "GIF", **several),
        encoded(picture, "BMP"),
        encoded(picture, "PPM"),
        encoded(picture, "HEIF", exif=exif),
        encoded(picture, "AVIF", exif=exif),
        encoded(picture, "JXL", exif=exif),
        *odd_jpeg_xls(picture),
        *odd_heifs(picture),
        dng(picture, preview=True),
        cyclic_exif(),
        tiff_loop(),
        tiff_nested(9),
        *(magic + bytes(64) for magic in MAGICS.values()),
    ]


def sidecars() -> list[bytes]:
    takeout = {
        "title": "IMG_1.jpg",
        "description": "a &lt; b",
        "photoTakenTime": {"timestamp": "1562254212"},
        "geoData": {"latitude": 43.4, "longitude": -1.6, "altitude": 12.5},
        "favorited": True,
    }
    return [
        _XMP,
        json.dumps(takeout).encode(),
        json.dumps({**takeout, "geoDataExif": [takeout] * 3}).encode(),
        b"IMG_20190704_153012(1)-edited.jpg.supplemental-metadata(1).json",
        b"2019-07-04 15.30.12 2019-07 WhatsApp Image at 3.30.12 PM",
    ]


def bodies() -> list[bytes]:
    """Of one byte for the chunks and a multipart body, each unlike the others."""
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n'
    kinds = (b"", b"Content-Type: image/x-portable-pixmap\r\n", b"X-Odd:\t folded\r\n")
    parts = [
        head % name + kind + b"\r\n" + content + b"\r\n"
        for name, kind, content in zip(
            (b"1", b"caf\xe9", b'a\\"b'),
            kinds,
            (b"P6 1 1 255\n\0\0\0", b"--edg\r\n--edge", b""),
            strict=True,
        )
    ]
    wholes = [*parts, b"".join(parts), parts[0] * 9, head % b"x" + b"\r\n" + bytes(5000) + b"\r\n"]
    return [
        bytes((3 * number,)) + whole + end
        for number, whole in enumerate(wholes)
        for end in (b"--edge--\r\n", b"--edge--epilogue", b"")
    ]


TARGETS = {
    "opener": Target(open_image, images),
    "metadata": Target(read_metadata, lambda: [*images(), *said()]),
    "sidecar": Target(read_sidecar, sidecars),
    "multipart": Target(parse_multipart, bodies),
}
