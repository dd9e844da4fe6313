"""A folder of drawn photographs that say what cameras say: dates, places, ratings; some are copies,
some cannot be read. Seeded: the same every time."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    COLOURS,
    FIRST_HELD_OUT_SEED,
    SHAPES,
    Scene,
    draw,
)

PICTURES = 144
CAMERAS = (
    ("Canon", "Canon EOS 40D", "EF 70-200mm f/4"),
    ("NIKON", "COOLPIX P6000", None),
    ("Apple", "iPhone 13 Pro Max", "back camera 5.7mm"),
)
PLACES = ((43.46, 11.88), (52.52, 13.40), (35.01, 135.77))  # Arezzo, Berlin, Kyoto
SIZES = ((600, 400), (400, 600), (640, 360), (480, 480), (900, 300))
NASTY = "<img src=x onerror=alert(1)> & „Ünïcødé“.jpg"
_MAKE, _MODEL, _RATING, _EXIF, _GPS = 0x010F, 0x0110, 0x4746, 0x8769, 0x8825
_TAKEN, _LENS, _APERTURE, _EXPOSURE, _ISO, _FOCAL = 36867, 42036, 33437, 33434, 34855, 37386


@dataclass(frozen=True, slots=True)
class MadeLibrary:
    """`unreadable`: files that no import can take."""

    folder: Path
    pictures: int
    unreadable: int


def make_library(folder: Path, *, count: int = PICTURES) -> MadeLibrary:
    """Draws it: over several years and folders, `count` pictures and then a few special ones."""
    dice = random.Random(3)  # pictures, not secrets
    begin = datetime(2019, 1, 5, 9, tzinfo=UTC)
    for number in range(count):
        scene = Scene(dice.choice(list(COLOURS)), dice.choice(SHAPES))
        width, height = dice.choice(SIZES)
        taken = begin + timedelta(days=number * 2000 / count, hours=dice.uniform(0, 9))
        picture = draw(scene, FIRST_HELD_OUT_SEED + number, width_px=width, height_px=height)
        path = folder / str(taken.year) / f"{scene.colour} {scene.shape} {number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=88, exif=exif_of(dice, taken if number % 12 else None))
    first, *_ = sorted((folder / "2019").iterdir())
    (folder / "copies").mkdir()
    shutil.copy(first, folder / "copies" / "the same bytes.jpg")
    with Image.open(first) as opened:
        opened.resize((opened.width * 3 // 4, opened.height * 3 // 4)).save(
            folder / "copies" / "smaller.jpg", quality=80
        )
    shutil.copy(sorted((folder / "2020").iterdir())[0], folder / "2020" / NASTY)
    (folder / "broken").mkdir()
    (folder / "broken" / "cut.jpg").write_bytes(first.read_bytes()[:3000])
    (folder / "broken" / "nothing.jpg").write_bytes(b"\xff\xd8\xff" + bytes(3000))
    return MadeLibrary(folder, count + 3, 2)


def exif_of(dice: random.Random, taken: datetime | None) -> Image.Exif:
    """What a camera may say of a picture, taken then; without a time it says none."""
    exif = Image.Exif()
    make, model, lens = dice.choice(CAMERAS)
    exif[_MAKE], exif[_MODEL] = make, model
    said = exif.get_ifd(_EXIF)
    if taken is not None:
        said[_TAKEN] = taken.strftime("%Y:%m:%d %H:%M:%S")
    if lens is not None:
        said[_LENS] = lens
    said[_APERTURE], said[_EXPOSURE] = dice.choice((1.8, 4.0, 8.0)), dice.choice((0.01, 0.004))
    said[_ISO], said[_FOCAL] = dice.choice((100, 400, 1600)), dice.choice((24.0, 50.0, 135.0))
    if dice.random() < 0.3:
        exif[_RATING] = dice.randint(1, 5)
    if dice.random() < 0.6:
        latitude, longitude = dice.choice(PLACES)
        gps = exif.get_ifd(_GPS)
        gps[1], gps[2] = "N", _degrees(latitude + dice.gauss(0, 0.05))
        gps[3], gps[4] = "E", _degrees(longitude + dice.gauss(0, 0.05))
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    whole = int(value)
    minutes = int((value - whole) * 60)
    return float(whole), float(minutes), round(((value - whole) * 60 - minutes) * 60, 2)
