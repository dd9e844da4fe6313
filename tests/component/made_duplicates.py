"""A folder of made photographs, and what of it belongs together: by name, the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from tests.made_scenes import Scene, copies, encoded, others

SCENES = 3


def fill(photos: Path) -> None:
    """A folder a scene: an original that is the largest in bytes, its copies, and others."""
    for number in range(SCENES):
        scene = Scene(number)
        folder = photos / f"scene-{number}"
        folder.mkdir(parents=True)
        exif = Image.Exif()
        exif[271], exif[272] = "Made", f"Camera {number}"
        original = encoded(scene.photograph(number), quality=95, exif=exif)
        (folder / "original.jpg").write_bytes(original)
        for name, data in copies(original):
            (folder / f"copy-{name}").write_bytes(data)
        for name, image in others(scene, 1000 * (number + 1)):
            (folder / f"other-{name}").write_bytes(encoded(image, quality=92))
        shutil.copy(folder / "original.jpg", folder / "twin.jpg")


def is_same(one: str, other: str) -> bool:
    """Of paths: whether both are of one photograph."""
    same_scene = one.split("/")[-2] == other.split("/")[-2]
    return same_scene and not any(name.split("/")[-1].startswith("other") for name in (one, other))
