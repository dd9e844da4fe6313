"""Ingesting RAW by its embedded preview, against developing it and against decoding JPEGs.

python -m benchmarks.raw --count 25 --megapixels 24
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import anyio
import numpy as np
from PIL import Image

from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import both_services, ingested, spent_s
from ml_inference_fastapi_app.tiny_models.dng import write_dng
from utils.contract import ClipUpload
from utils.imaging import raw_developing
from utils.imaging.decoding import encode_ppm, open_upright, to_square
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import shrunk, thumbnail_webp

MODEL_SIDE_PX = 224
CLIP = ClipUpload(side_px=MODEL_SIDE_PX, crop="center")
THUMBNAIL_SIDE_PX = 320
NO_SCALING_PX = 1_000_000
MAX_PIXELS = 300_000_000
SMALL_PREVIEW_PX = 1616  # the longest side of what many cameras embed
WARM_UP_FILES = 2
TIMES_FASTER_THAN_DEVELOPING = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """One way to have the images. `rounds_s` are seconds for all of them, the median counts."""

    key: str
    what: str
    rounds_s: tuple[float, ...]
    count: int

    @property
    def ms_per_image(self) -> float:
        return statistics.median(self.rounds_s) / self.count * 1e3


def photograph(megapixels: float) -> Image.Image:
    """3:2, shapes that are weaker the smaller they are, under a sensor's noise.

    Compresses as photographs do, as JPEG (2 bits a pixel) and, made smaller, as PNG.
    """
    height = round(math.sqrt(megapixels * 1e6 / 1.5) / 2) * 2
    width = round(height * 1.5 / 2) * 2
    rng = np.random.default_rng(0)
    scene = rng.standard_normal((height, width, 1), np.float32) * 4 + 128
    for block_px, strength in ((512, 0.5), (128, 0.3), (32, 0.2), (8, 0.12)):
        grid = (height // block_px + 1, width // block_px + 1, 3)
        shapes = Image.fromarray(rng.integers(0, 256, grid, np.uint8))
        soft = shapes.resize((width, height), Image.Resampling.BICUBIC)
        scene = scene + (np.asarray(soft, np.float32) - 128) * strength
    return Image.fromarray(scene.clip(0, 255).astype(np.uint8))


def write_files(folder: Path, name: str, data: bytes, count: int) -> list[Path]:
    """Files of different content, which the number behind the picture's end makes them."""
    folder.mkdir(parents=True)
    paths = [folder / name.format(number) for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(data + b"%08d" % number)
    return paths


def dng_of(picture: Image.Image, *, preview_px: int | None) -> bytes:
    file = BytesIO()
    write_dng(file, picture, preview_px=preview_px)
    return file.getvalue()


def jpeg_of(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def develop(path: Path) -> None:
    data = path.read_bytes()
    sha256(data).digest()
    prepare(raw_developing.develop(data, min_side_px=NO_SCALING_PX, max_pixels=MAX_PIXELS))


def decode_jpeg(path: Path) -> None:
    data = path.read_bytes()
    sha256(data).digest()
    prepare(open_upright(data, min_side_px=NO_SCALING_PX, max_pixels=MAX_PIXELS).image)


def prepare(image: Image.Image, upload: ClipUpload = CLIP) -> None:
    """What the orchestrator makes of every picture."""
    small = shrunk(image, THUMBNAIL_SIDE_PX)
    perceptual_hash(small)
    thumbnail_webp(small, THUMBNAIL_SIDE_PX)
    encode_ppm(to_square(image, upload))


def in_threads(work: Callable[[Path], None], paths: list[Path]) -> float:
    """Seconds for all files, as many at once as the orchestrator decodes."""
    work(paths[0])  # what is imported and allocated once is not measured
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        began_s = time.perf_counter()
        list(threads.map(work, paths))
        return time.perf_counter() - began_s


class Benchmark:
    """Every round measures each way once, so that a busy moment of the machine meets them all."""

    def __init__(self, folder: Path, *, count: int, megapixels: float, rounds: int) -> None:
        self._photos = folder / "photos"
        self._folder = folder
        self._count = count
        self._rounds = rounds
        picture = photograph(megapixels)
        large, small = (dng_of(picture, preview_px=px) for px in (None, SMALL_PREVIEW_PX))
        self._large = write_files(self._photos / "large", "{:03d}.dng", large, count)
        self._small = write_files(self._photos / "small", "{:03d}.dng", small, count)
        self._jpegs = write_files(self._photos / "jpeg", "{:03d}.jpg", jpeg_of(picture), count)
        write_files(self._photos / "warm", "{:03d}.dng", small + b"warm", WARM_UP_FILES)

    async def run(self) -> list[Row]:
        large: list[float] = []
        small: list[float] = []
        developed: list[float] = []
        decoded: list[float] = []
        async with both_services(self._folder, self._photos) as both:
            await ingested(both.api, self._photos / "warm", images=WARM_UP_FILES)
            for _ in range(self._rounds):
                for paths, rounds in ((self._large, large), (self._small, small)):
                    job = await ingested(both.api, paths[0].parent, images=self._count)
                    if f"preview {self._count}" not in job.log[-1].detail:
                        raise BenchmarkFailed(f"not by their previews: {job.log[-1].detail}")
                    rounds.append(spent_s(job))
                # Both services rest meanwhile.
                developed.append(in_threads(develop, self._large))
                decoded.append(in_threads(decode_jpeg, self._jpegs))
        return [
            self._row("preview_full", "ingest DNG, preview of full size", large),
            self._row("preview_small", f"ingest DNG, preview of {SMALL_PREVIEW_PX} px", small),
            self._row("developed", "develop DNG in full, prepare", developed),
            self._row("jpeg", "decode JPEG in full, prepare", decoded),
        ]

    def _row(self, key: str, what: str, rounds_s: list[float]) -> Row:
        return Row(key, what, tuple(rounds_s), self._count)


def targets_of(rows: list[Row]) -> list[Target]:
    ms = {row.key: row.ms_per_image for row in rows}
    return [
        Target(f"{row.what}: times faster than {than}", wanted, ms[key] / row.ms_per_image)
        for row in rows
        if row.key.startswith("preview")
        for than, key, wanted in (
            ("developing", "developed", TIMES_FASTER_THAN_DEVELOPING),
            ("decoding JPEGs", "jpeg", 1.0),
        )
    ]


def measure(options: argparse.Namespace, folder: Path) -> Report:
    benchmark = Benchmark(
        folder, count=options.count, megapixels=options.megapixels, rounds=options.rounds
    )
    rows = anyio.run(benchmark.run)
    return Report(
        title=f"RAW: {options.count} files of {options.megapixels:g} MP",
        columns=("what", "ms an image", "images/s", "rounds, s"),
        rows=[
            (
                row.what,
                f"{row.ms_per_image:,.0f}",
                f"{1e3 / row.ms_per_image:,.1f}",
                ", ".join(f"{spent:.2f}" for spent in row.rounds_s),
            )
            for row in rows
        ],
        targets=targets_of(rows),
        figures={
            "megapixels": options.megapixels,
            "rows": [{**asdict(row), "ms_per_image": row.ms_per_image} for row in rows],
        },
    )


def main() -> None:
    parser = parser_of("raw", __doc__)
    parser.add_argument("--count", type=int, default=25, help="files of each kind")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--rounds", type=int, default=3, help="the median of them counts")
    run(parser, measure)


if __name__ == "__main__":
    main()
