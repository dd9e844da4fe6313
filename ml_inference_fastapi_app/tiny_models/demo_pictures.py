"""A small folder of generated pictures: every format, some with the metadata that cameras write.

python -m ml_inference_fastapi_app.tiny_models.demo_pictures FOLDER
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import pillow_heif
import typer
from PIL import ExifTags, Image

from ml_inference_fastapi_app.tiny_models.dng import write_dng
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    Place,
    Scene,
    Size,
    draw,
)

_TURNED = 6  # EXIF: the camera was held upright, turn a quarter clockwise to see the picture
_CAMERA = ("Photoseek", "Shape Camera")


@dataclass(frozen=True, slots=True)
class DemoPicture:
    """`path` is below the demo folder; its ending chooses the format."""

    path: str
    scene: Scene
    width_px: int = 800
    height_px: int = 600
    taken_at: datetime | None = None  # without a zone, as most cameras write it
    latitude_longitude: tuple[float, float] | None = None
    turned: bool = False


def _taken(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, 12, 30)  # noqa: DTZ001  # EXIF's time has no zone


_LISBON = (38.7223, -9.1393)
_SYDNEY = (-33.8568, 151.2153)
_SMALL = Size.SMALL

DEMO: tuple[DemoPicture, ...] = (
    DemoPicture(
        "2023 Lisbon/red circle.jpg",
        Scene("red", "circle"),
        taken_at=_taken(2023, 5, 4, 9),
        latitude_longitude=_LISBON,
    ),
    DemoPicture(
        "2023 Lisbon/blue square.jpg",
        Scene("blue", "square"),
        width_px=600,
        height_px=800,
        taken_at=_taken(2023, 5, 4, 11),
        latitude_longitude=_LISBON,
        turned=True,
    ),
    DemoPicture(
        "2023 Lisbon/green triangle.heic",
        Scene("green", "triangle"),
        taken_at=_taken(2023, 5, 5, 18),
        latitude_longitude=_LISBON,
    ),
    DemoPicture("2023 Lisbon/yellow star.webp", Scene("yellow", "star")),
    DemoPicture(
        "2024 Sydney/purple ring.heic",
        Scene("purple", "ring"),
        width_px=600,
        height_px=800,
        taken_at=_taken(2024, 1, 2, 7),
        latitude_longitude=_SYDNEY,
    ),
    DemoPicture(
        "2024 Sydney/orange cross.jpg",
        Scene("orange", "cross"),
        taken_at=_taken(2024, 1, 2, 20),
        latitude_longitude=_SYDNEY,
    ),
    DemoPicture(
        "2024 Sydney/raw/red star.dng",
        Scene("red", "star"),
        width_px=1200,
        taken_at=_taken(2024, 1, 3, 6),
        height_px=800,
    ),
    DemoPicture(
        "2024 Sydney/raw/cyan square.dng",
        Scene("cyan", "square"),
        width_px=1200,
        height_px=800,
        taken_at=_taken(2024, 1, 3, 7),
        turned=True,
    ),
    DemoPicture("drawings/pink circle.png", Scene("pink", "circle")),
    DemoPicture("drawings/cyan triangle.png", Scene("cyan", "triangle"), 640, 640),
    DemoPicture("drawings/blue ring.tiff", Scene("blue", "ring")),
    DemoPicture(
        "drawings/green star.tif",
        Scene("green", "star"),
        width_px=600,
        height_px=800,
        taken_at=_taken(2022, 12, 24, 17),
        turned=True,
    ),
    DemoPicture("drawings/red cross.webp", Scene("red", "cross"), 1000, 600),
    DemoPicture("drawings/yellow square.jpg", Scene("yellow", "square")),
    DemoPicture("small/red circle top left.jpg", Scene("red", "circle", _SMALL, Place.TOP_LEFT)),
    DemoPicture(
        "small/blue square top left.png", Scene("blue", "square", _SMALL, Place.TOP_LEFT), 720, 480
    ),
    DemoPicture(
        "small/orange star bottom right.webp",
        Scene("orange", "star", _SMALL, Place.BOTTOM_RIGHT),
    ),
    DemoPicture(
        "small/green circle bottom left.jpg",
        Scene("green", "circle", _SMALL, Place.BOTTOM_LEFT),
        taken_at=_taken(2021, 8, 15, 13),
    ),
    DemoPicture("small/purple triangle.png", Scene("purple", "triangle", _SMALL)),
    DemoPicture("places/pink square top right.jpg", Scene("pink", "square", place=Place.TOP_RIGHT)),
    DemoPicture(
        "places/cyan ring bottom left.jpg",
        Scene("cyan", "ring", place=Place.BOTTOM_LEFT),
        width_px=480,
        height_px=720,
    ),
    DemoPicture("places/blue star top left.webp", Scene("blue", "star", place=Place.TOP_LEFT)),
    DemoPicture(
        "places/yellow triangle bottom right.heic",
        Scene("yellow", "triangle", place=Place.BOTTOM_RIGHT),
    ),
    DemoPicture(
        "places/purple cross top right.jpg",
        Scene("purple", "cross", place=Place.TOP_RIGHT),
        taken_at=_taken(2020, 2, 29, 10),
        latitude_longitude=_SYDNEY,
    ),
)


def write_demo_pictures(folder: Path) -> list[Path]:
    """All paths, in a fixed order. A file that is there already is left as it is."""
    paths = []
    for number, demo in enumerate(DEMO):
        path = folder / demo.path
        paths.append(path)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = draw(
            demo.scene,
            FIRST_HELD_OUT_SEED + number,
            width_px=demo.width_px,
            height_px=demo.height_px,
        )
        # Whole or not at all: a run that was cut off must not leave half a picture behind.
        partial_path = path.with_name(f".{path.name}.partial")
        _write(partial_path, picture, demo)
        os.replace(partial_path, path)
    return paths


def _write(path: Path, picture: Image.Image, demo: DemoPicture) -> None:
    if demo.turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)  # as a turned sensor saw it
    exif = _exif(demo).tobytes()
    ending = demo.path.rpartition(".")[2]
    writers: dict[str, Callable[[IO[bytes]], object]] = {
        "jpg": partial(picture.save, format="JPEG", quality=90, exif=exif),
        "png": partial(picture.save, format="PNG", exif=exif),
        "webp": partial(picture.save, format="WEBP", quality=85, exif=exif),
        "tif": partial(picture.save, format="TIFF", exif=exif),
        "tiff": partial(picture.save, format="TIFF", exif=exif),
        "heic": partial(pillow_heif.from_pillow(picture).save, quality=85, exif=exif),
        "dng": partial(
            write_dng,
            picture=picture,
            orientation=_TURNED if demo.turned else 1,
            taken_at=demo.taken_at,
        ),
    }
    with path.open("wb") as file:
        writers[ending](file)


def _exif(demo: DemoPicture) -> Image.Exif:
    exif = Image.Exif()
    if demo.turned:
        exif[ExifTags.Base.Orientation] = _TURNED
    if demo.taken_at is not None:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = _CAMERA
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = demo.taken_at.strftime(
            "%Y:%m:%d %H:%M:%S"
        )
    if demo.latitude_longitude is not None:
        latitude, longitude = demo.latitude_longitude
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
                ExifTags.GPS.GPSLatitude: _degrees(latitude),
                ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
                ExifTags.GPS.GPSLongitude: _degrees(longitude),
            }
        )
    return exif


def _degrees(angle: float) -> tuple[float, float, float]:
    """Degrees, minutes, seconds, as EXIF has them."""
    seconds = round(abs(angle) * 3600, 2)
    return (seconds // 3600, seconds % 3600 // 60, round(seconds % 60, 2))


def main(folder: Annotated[Path, typer.Argument(help="Folder to write the pictures to.")]) -> None:
    """Write the demo pictures; those that are there already stay as they are."""
    paths = write_demo_pictures(folder)
    typer.echo(f"{len(paths)} pictures drawn")


if __name__ == "__main__":
    typer.run(main)
