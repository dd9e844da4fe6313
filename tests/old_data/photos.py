"""The tiny photos of an old data folder: names, metadata and faults of every kind."""

from __future__ import annotations

import os
import shutil
from itertools import product
from pathlib import Path

from PIL import ExifTags, Image

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    COLOURS,
    FIRST_HELD_OUT_SEED,
    SHAPES,
    Scene,
    draw,
)
from tests.picture_files import xmp

PHOTOS = Path("/tmp/photoseek-old-photos")  # roots are absolute: a name that is nobody's
FIRST = Path("/dev/shm/photoseek-old-photos")  # on another file system: where MOVED is at first
TRIP, DRAWN, MOVED, LATER = (PHOTOS / name for name in ("Reise", "Gemälde", "Archiv", "Später"))
TAKEN_S = 1_700_000_000
SCENES = tuple(Scene(colour, shape) for colour, shape in product(COLOURS, SHAPES))


def paint(path: Path, number: int) -> None:
    """Another picture for each number; most with metadata, some turned and with a place."""
    exif = Image.Exif()
    if number % 3:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Photoseek", "Shape Camera"
        taken = exif.get_ifd(ExifTags.IFD.Exif)
        taken[ExifTags.Base.DateTimeOriginal] = f"2023:05:{number % 28 + 1:02} 10:12:30"
    if number % 4 == 1:
        exif[ExifTags.Base.Orientation] = 6
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (38.0, 43.0, number / 2), 3: "W", 4: (9.0, 8.0, 21.5)}
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    scene = SCENES[number * 7 % len(SCENES)]
    picture = draw(scene, FIRST_HELD_OUT_SEED + number, width_px=96, height_px=72)
    picture.save(path, quality=85, exif=exif)
    os.utime(path, (TAKEN_S + number, TAKEN_S + number))


def paint_all() -> None:
    for number in range(18):
        folder = TRIP / ("Größe", "Größe/赤い", "Cafe\u0301")[number % 3]  # the last one is NFD
        paint(folder / f"übung {number}.{('jpg', 'png', 'webp', 'jpg')[number % 4]}", number)
    for number in range(18, 38):
        paint(DRAWN / f"{number % 2}" / f"{number}.{('jpg', 'webp')[number % 2]}", number)
    for number in range(38, 46):
        paint(FIRST / f"{number}.jpg", number)
    for number in range(46, 62):
        paint(LATER / f"{number}.jpg", number)
    paint(DRAWN / os.fsdecode(b"caf\xe9.jpg"), 62)  # no UTF-8
    words = xmp(title="Ein Übungsbild", rating=4, keywords=("Straße", "été"))
    (TRIP / "Größe" / "übung 0.jpg.xmp").write_bytes(words)
    shutil.copy2(TRIP / "Größe" / "übung 0.jpg", DRAWN / "a copy.jpg")
    whole = (DRAWN / "0" / "18.jpg").read_bytes()
    (DRAWN / "partial.jpg").write_bytes(whole[: len(whole) * 19 // 20])
    (DRAWN / "truncated.jpg").write_bytes(whole[:300])
    (DRAWN / "empty.png").write_bytes(b"")
    (DRAWN / "broken.webp").write_bytes(b"RIFF\x40\0\0\0WEBPVP8 " + bytes(52))
    (DRAWN / "unknown.jpg").write_text("no picture at all")
    (DRAWN / "notes.txt").write_text("not named like a picture either")
