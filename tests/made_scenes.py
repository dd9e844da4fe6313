"""Made scenes, and what becomes of a photograph of one: copies, bursts, look-alikes. Seeded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 900, 600
_MARGIN = 40
_SENSOR_NOISE = 2.0  # levels


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in a scene: what it is drawn as, where, how large, in which colour."""

    shape: int
    at: tuple[float, float]
    size: tuple[float, float]
    colour: tuple[int, int, int]

    def moved(self, x: float, y: float) -> Thing:
        return replace(self, at=(self.at[0] + x, self.at[1] + y))


class Scene:
    """Clouds of noise as nature has it, and things before them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        size = WIDTH + 2 * _MARGIN, HEIGHT + 2 * _MARGIN
        layers = [self._clouds(size) for _ in range(3)]
        common = self._clouds(size)
        self._ground = np.stack(
            [
                one * self.random.uniform(15, 45) + common * 20 + self.random.uniform(60, 190)
                for one in layers
            ],
            axis=-1,
        )
        self.things = tuple(self._thing() for _ in range(self.random.integers(4, 14)))

    def _clouds(self, size: tuple[int, int]) -> npt.NDArray[np.float64]:
        width, height = size
        waves = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
        waves[0, 0] = 1
        normal = self.random.normal
        spectrum = normal(size=waves.shape) + 1j * normal(size=waves.shape)
        clouds = np.fft.irfft2(spectrum / waves ** self.random.uniform(1.2, 1.9), s=(height, width))
        return np.asarray((clouds - clouds.mean()) / clouds.std())

    def _thing(self) -> Thing:
        at = self.random.uniform(0, WIDTH), self.random.uniform(0, HEIGHT)
        size = self.random.uniform(20, 200), self.random.uniform(20, 200)
        red, green, blue = self.random.integers(0, 256, 3).tolist()
        return Thing(int(self.random.integers(0, 3)), at, size, (red, green, blue))

    def photograph(
        self,
        seed: int,
        *,
        shift: tuple[float, float] = (0, 0),
        zoom: float = 1.0,
        brighter_ev: float = 0.0,
        things: tuple[Thing, ...] | None = None,
    ) -> Image.Image:
        image = Image.fromarray(np.clip(self._ground, 0, 255).astype(np.uint8))
        draw = ImageDraw.Draw(image)
        for thing in self.things if things is None else things:
            x, y = (place + _MARGIN for place in thing.at)
            width, height = (side / 2 for side in thing.size)
            box = (x - width, y - height, x + width, y + height)
            if thing.shape == 0:
                draw.ellipse(box, fill=thing.colour)
            elif thing.shape == 1:
                draw.rectangle(box, fill=thing.colour)
            else:
                draw.polygon([(x, box[1]), (box[2], box[3]), (box[0], y)], fill=thing.colour)
        moved = (zoom, 0, _MARGIN + shift[0], 0, zoom, _MARGIN + shift[1])
        seen = image.filter(ImageFilter.GaussianBlur(0.8)).transform(
            (WIDTH, HEIGHT), Image.Transform.AFFINE, moved, Image.Resampling.BICUBIC
        )
        light = np.asarray(seen, np.float64) * 2**brighter_ev
        noise = np.random.default_rng(seed).normal(size=light.shape) * _SENSOR_NOISE
        return Image.fromarray(np.clip(light + noise, 0, 255).astype(np.uint8))

    def direction(self, length: float) -> tuple[float, float]:
        angle = self.random.uniform(0, 2 * np.pi)
        return float(length * np.cos(angle)), float(length * np.sin(angle))


def encoded(image: Image.Image, image_format: str = "JPEG", **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, image_format, **options)
    return data.getvalue()


def copies(original: bytes) -> Iterator[tuple[str, bytes]]:
    """The same picture, by name: in other qualities, formats, sizes and turns, without metadata."""
    with Image.open(io.BytesIO(original)) as opened:
        image = opened.convert("RGB")
    for quality in (85, 60, 30):
        yield f"quality-{quality}.jpg", encoded(image, quality=quality)
    yield "quality-50.webp", encoded(image, "WEBP", quality=50)
    yield "lossless.png", encoded(image, "PNG")
    for width, filtered in (
        (600, Image.Resampling.LANCZOS),
        (451, Image.Resampling.BILINEAR),
        (320, Image.Resampling.LANCZOS),
    ):
        smaller = image.resize((width, round(width * HEIGHT / WIDTH)), filtered)
        yield f"width-{width}.jpg", encoded(smaller, quality=80)
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[274] = 6  # to be turned by 90 degrees clockwise: then it is as it was
    yield "turned-by-tag.jpg", encoded(turned, quality=88, exif=exif)
    yield "tag-lost.jpg", encoded(turned, quality=88)


def others(scene: Scene, seed: int) -> Iterator[tuple[str, Image.Image]]:
    """Photographs that are another picture: of a burst by hand, by a tripod, and look-alikes."""
    for number, pixels in enumerate((1.0, 3.0, 8.0, 20.0)):
        shift = scene.direction(pixels)
        yield f"burst-{number}.jpg", scene.photograph(seed + number, shift=shift)
    *kept, last = scene.things  # nothing is before it
    for number, pixels in enumerate((10.0, 40.0)):
        moved = (*kept, last.moved(*scene.direction(pixels)))
        yield f"moved-{number}.jpg", scene.photograph(seed + 10 + number, things=moved)
    yield "zoomed.jpg", scene.photograph(seed + 20, zoom=1.004)
    yield "brighter.jpg", scene.photograph(seed + 21, brighter_ev=0.07)
    red, green, blue = last.colour
    coloured = replace(last, colour=((red + 90) % 256, green, (blue + 120) % 256))
    yield "coloured.jpg", scene.photograph(seed + 22, things=(*kept, coloured))
    yield "removed.jpg", scene.photograph(seed + 23, things=tuple(kept))
