"""The whole way of photos, beside the bound that the machine allows, and a baseline.

python -m benchmarks.ingest --count 150
python -m benchmarks.ingest --photos ~/Pictures

With --model tiny-shapes the model hardly counts: what is left is what the host does.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio

from benchmarks import baseline
from benchmarks.raw import jpeg_of, photograph, write_files
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import both_services, ended, ingested, spent_s, started
from benchmarks.stages import TURN, Stage, alone, is_decoded_here
from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import TINY_MODEL
from ml_inference_fastapi_app.backends.clip.loading import build_torch_clip
from utils.contract import JobReply
from utils.imaging.formats import has_image_extension

MODEL = "ViT-B-32"
UNTRAINED = "none"
SAMPLE = 32  # files that the stages are measured with, and the baseline
SHARE_OF_BOUND = 0.85
TIMES_BASELINE = 12.0


@dataclass(frozen=True, slots=True)
class Result:
    """`skipped` of the photos looked at for the sample could not be decoded in this process."""

    photos: int
    sample: int
    skipped: int
    stages: tuple[Stage, ...]
    bound_images_per_s: float
    rounds_images_per_s: tuple[float, ...]
    not_embedded: int
    baseline_images_per_s: float

    @property
    def images_per_s(self) -> float:
        return statistics.median(self.rounds_images_per_s)


def pretrained_of(model: str) -> str:
    """The tiny model has its own weights; of another, what they hold does not change the speed."""
    return "" if model == TINY_MODEL else UNTRAINED


def images_below(folder: Path) -> list[Path]:
    """By their names, in a fixed order."""
    every = (path for path in folder.rglob("*") if has_image_extension(os.fsencode(path)))
    return sorted(path for path in every if path.is_file() and not path.is_symlink())


def sample_of(paths: Sequence[Path]) -> tuple[list[Path], int]:
    """Evenly spread over the paths, and how many were left out because nothing here decodes them.

    Raises:
        BenchmarkFailed: nothing is left.
    """
    step = max(1, len(paths) // SAMPLE)
    chosen = list(paths)[::step][:SAMPLE]
    decoded = [path for path in chosen if is_decoded_here(path)]
    if not decoded:
        raise BenchmarkFailed("no photo that can be decoded without help, such as a JPEG")
    return decoded, len(chosen) - len(decoded)


async def run_services(
    folder: Path, photos: Path, *, model: str, rounds: int, images: int | None
) -> list[JobReply]:
    """A job for each round that embeds everything anew; None: as many images as there are."""
    jobs = []
    warm = write_files(folder / "warm", "{:03d}.jpg", jpeg_of(photograph(1)), TURN)
    roots = (photos, folder / "warm")
    pretrained = pretrained_of(model)
    async with both_services(folder, *roots, model=model, pretrained=pretrained) as both:
        await ingested(both.api, warm[0].parent, images=len(warm))
        for _ in range(rounds):
            if images is not None:
                jobs.append(await ingested(both.api, photos, images=images))
            else:
                jobs.append(await ended(both.api, await started(both.api, photos, force=True)))
    return jobs


def measured(folder: Path, photos: Path, *, model: str, rounds: int, images: int | None) -> Result:
    pretrained, models = pretrained_of(model), folder / "models"
    paths = images_below(photos)
    sample, skipped = sample_of(paths)
    embedder = build_torch_clip(model=model, pretrained=pretrained, cache_dir=models)
    stages = alone(folder, sample, embedder)
    slow = baseline.images_per_s(sample, model=model, pretrained=pretrained, models=models)
    jobs = anyio.run(
        lambda: run_services(folder, photos, model=model, rounds=rounds, images=images)
    )
    if not all(job.counts.embedded for job in jobs):
        raise BenchmarkFailed(f"nothing was embedded: {jobs[-1].errors_by_code}")
    return Result(
        photos=jobs[-1].counts.found,
        sample=len(sample),
        skipped=skipped,
        stages=stages,
        bound_images_per_s=len(os.sched_getaffinity(0)) / sum(stage.cpu_s for stage in stages),
        rounds_images_per_s=tuple(job.counts.embedded / spent_s(job) for job in jobs),
        not_embedded=jobs[-1].counts.found - jobs[-1].counts.embedded,
        baseline_images_per_s=slow,
    )


def rows_of(result: Result) -> list[tuple[str, str, str]]:
    rows = [(f"{stage.name}, alone", f"{stage.cpu_s * 1e3:.1f}", "") for stage in result.stages]
    rounds = ", ".join(f"{speed:.1f}" for speed in result.rounds_images_per_s)
    looked_at = result.sample + result.skipped
    rows += [
        ("bound: cores / sum of the above", "", f"{result.bound_images_per_s:.1f}"),
        (f"whole way (rounds: {rounds})", "", f"{result.images_per_s:.1f}"),
        ("baseline", "", f"{result.baseline_images_per_s:.2f}"),
        (f"files not embedded, of {result.photos}", "", f"{result.not_embedded}"),
        (f"left out of stages and baseline, of {looked_at}", "", f"{result.skipped}"),
    ]
    return rows


def measure(options: argparse.Namespace, folder: Path) -> Report:
    photos: Path | None = options.photos
    images: int | None = None
    what = f"Photos of {photos}"
    if photos is None:
        photos, images = folder / "photos", options.count
        write_files(photos, "{:05d}.jpg", jpeg_of(photograph(options.megapixels)), options.count)
        what = f"{options.count} JPEGs of {options.megapixels:g} MP"
    elif not photos.is_dir():
        raise BenchmarkFailed(f"{photos} is no folder")
    result = measured(
        folder, photos.resolve(), model=options.model, rounds=options.rounds, images=images
    )
    speed = result.images_per_s
    return Report(
        title=f"{what}, {options.model}",
        columns=("what", "CPU ms an image", "images/s"),
        rows=rows_of(result),
        targets=[
            Target("share of the bound", SHARE_OF_BOUND, speed / result.bound_images_per_s),
            Target("times the baseline", TIMES_BASELINE, speed / result.baseline_images_per_s),
        ],
        figures={"model": options.model, **asdict(result)},
    )


def main() -> None:
    parser = parser_of("ingest", __doc__)
    parser.add_argument("--photos", type=Path, help="your own, in place of generated ones")
    parser.add_argument("--count", type=int, default=150, help="generated JPEG files")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--model", default=MODEL, help=f"untrained, or {TINY_MODEL}")
    parser.add_argument("--rounds", type=int, default=3, help="the median of them counts")
    run(parser, measure)


if __name__ == "__main__":
    main()
