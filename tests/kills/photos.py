"""Folders of small photographs, and the errands of which the uninterrupted end is known."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import UUID

import numpy as np
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.files.identity import (
    new_identity,
    point_id,
    root_at,
)

LONG_AGO_NS = 1_500_000_000_000_000_000
IMAGES = 29
COPIES = {"copy-a.png": "000.png", "copy-b.png": "000.png", "more/copy.jpg": "001.jpg"}


def fill(photos: Path) -> None:
    """Noise in two formats, copies, and one file of every bad kind: 40 in all."""
    for number in range(IMAGES):
        noise(photos, number)
    for copy, original in COPIES.items():
        write(photos / copy, (photos / original).read_bytes())
    noise(photos, 100, name=b"\xff\xfe not UTF-8.png")
    write(photos / "corrupt.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 200)
    write(photos / "corrupt copy.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 200)
    write(photos / "empty.jpg", b"")
    write(photos / "text.jpg", b"not an image at all")
    write(photos / "notes.txt", b"no image by name or content")
    write(photos / "more" / "truncated.png", (photos / "002.png").read_bytes()[:60])


def change(photos: Path) -> None:
    """Five are gone, three are new, one is another picture now, one has moved."""
    for number in (3, 8, 13, 18, 23):
        path_of(photos, number).unlink()
    for number in (200, 201, 202):
        noise(photos, number)
    noise(photos, 300, name=path_of(photos, 4).name.encode())
    moved = path_of(photos, 5)
    moved.rename(photos / "more" / "moved.jpg")


def repeat(photos: Path) -> None:
    """Pictures that are there in two formats, each of soft colours."""
    for number in range(6):
        coarse = np.random.default_rng(1000 + number).integers(0, 256, (4, 6, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((144, 96), Image.Resampling.BICUBIC)
        for name in (f"{number}.png", f"{number}.webp"):
            path = photos / "twofold" / name
            path.parent.mkdir(exist_ok=True)
            image.save(path, quality=95)
            os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS + number))


def path_of(photos: Path, number: int) -> Path:
    return photos / f"{number:03d}.{'jpg' if number % 2 else 'png'}"


def noise(photos: Path, number: int, *, name: bytes | None = None) -> None:
    path = path_of(photos, number) if name is None else photos / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, size=(16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS + number))


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def contents(photos: Path) -> dict[str, str]:
    """By point id, the content's SHA-256 in hexadecimal digits."""
    found: dict[str, str] = {}
    for folder, _, names in os.walk(os.fsencode(photos)):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                sha256 = hashlib.sha256(file.read()).hexdigest()
            found[str(image_at(photos, Path(os.fsdecode(path))))] = sha256
    return found


def image_at(photos: Path, path: Path) -> UUID:
    """Its point's id in the collection `default`."""
    root = root_at(os.fsencode(photos))
    relative = os.path.relpath(os.fsencode(path), root.path)
    return point_id(new_identity("default", ()), root.id, relative)
