"""Makes the files that a camera makes: scenes with structure, and what is written of them."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.domain.files.file import File, Root
from ml_inference_fastapi_app.tiny_models.dng import write_dng

LONG_AGO_NS = 1_600_000_000_000_000_000


def scene(width_px: int = 640, height_px: int = 480, *, seed: int = 0) -> Image.Image:
    """Different in each corner, with coarse and fine structure, unlike its own mirror images."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    x, y = across / width_px, down / height_px
    waves = np.sin(x * 23) * np.cos(y * 17)
    red = 60 + 160 * x + 25 * waves
    green = 40 + 150 * y - 25 * waves
    blue = 200 - 120 * x * y + 40 * np.sin((x + 2 * y) * 40)
    pixels = np.stack([red, green, blue], axis=-1) + rng.normal(0, 4, (height_px, width_px, 3))
    pixels[: height_px // 4, : width_px // 4] = (230, 30, 30)
    pixels[-height_px // 5 :, : width_px // 6] = (20, 220, 60)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, name: str = "JPEG", **options: object) -> bytes:
    if name == "JXL":
        import pillow_jxl  # noqa: F401  # registers its encoder
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def exif_with(
    *, orientation: int | None = None, make: str | None = None, model: str | None = None
) -> bytes:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if make is not None:
        exif[271] = make
    if model is not None:
        exif[272] = model
    return exif.tobytes()


def xmp(
    *, title: str | None = None, rating: int | None = None, keywords: Sequence[str] = ()
) -> bytes:
    """A packet as programs write it, whole or beside a file."""
    rated = "" if rating is None else f' xmp:Rating="{rating}"'
    titled = "" if title is None else f"<rdf:Alt><rdf:li>{title}</rdf:li></rdf:Alt>"
    words = "".join(f"<rdf:li>{word}</rdf:li>" for word in keywords)
    return xmp_with(f"<dc:title>{titled}</dc:title><dc:subject>{words}</dc:subject>", rated)


def xmp_with(elements: str, attributes: str = "") -> bytes:
    """Of properties as elements and as attributes."""
    spaces = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "dc": "http://purl.org/dc/elements/1.1/",
        "lr": "http://ns.adobe.com/lightroom/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "aux": "http://ns.adobe.com/exif/1.0/aux/",
    }
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    described = f'<rdf:Description rdf:about=""{attributes}>{elements}</rdf:Description>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" {names}><rdf:RDF>{described}</rdf:RDF></x:xmpmeta>'
        f'{" " * 100}<?xpacket end="w"?>'
    ).encode()


def tiff_directory(entries: dict[int, bytes | int], *, magic: bytes = b"II*\0") -> bytes:
    """A TIFF of one directory whose values are text (bytes) or one LONG each."""
    count = len(entries)
    heap_at = 8 + 2 + 12 * count + 4
    directory, heap = struct.pack("<H", count), b""
    for tag, value in sorted(entries.items()):
        if isinstance(value, int):
            directory += struct.pack("<HHII", tag, 4, 1, value)
            continue
        text = value + b"\0"
        inline = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack("<I", heap_at + len(heap))
        heap += b"" if len(text) <= 4 else text
        directory += struct.pack("<HHI", tag, 2, len(text)) + inline
    return magic + struct.pack("<I", 8) + directory + b"\0\0\0\0" + heap


def dng(
    image: Image.Image,
    *,
    preview: bool = True,
    preview_px: int | None = None,
    orientation: int = 1,
    taken_at: datetime | None = None,
) -> bytes:
    """`image` is what the sensor saw, before it is turned."""
    file = BytesIO()
    write_dng(
        file,
        image,
        preview=preview,
        preview_px=preview_px,
        orientation=orientation,
        taken_at=taken_at,
    )
    return file.getvalue()


def with_other_preview(raw: bytes, preview: Image.Image) -> bytes:
    """The same DNG with another JPEG in the place of its own, which must not be smaller."""
    start = raw.index(b"\xff\xd8\xff")
    end = raw.index(b"\xff\xd9", start) + 2
    jpeg = encoded(preview, quality=70)
    assert len(jpeg) <= end - start, "the other preview does not fit"
    return raw[:start] + jpeg.ljust(end - start, b"\0") + raw[end:]


def root_of(path: Path) -> Root:
    return Root(uuid4(), os.fsencode(path))


def file_at(path: Path) -> File:
    """As a scan of its folder would meet it."""
    return File(root_of(path.parent), os.fsencode(path.name), file_stat(path.lstat()))


def put(path: Path, data: bytes) -> File:
    """Written long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return file_at(path)
