"""Decode threads by model threads of the inference service: is the default near the best?

python -m benchmarks.threads --rounds 3
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from random import Random

import anyio
import numpy as np

from benchmarks.inference_http import Drive, Request, connected, request_of
from benchmarks.raw import jpeg_of, photograph
from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.services import add_clip_options, clip_environment, inference_service
from ml_inference_fastapi_app.settings import Settings
from utils.imaging.decoding import encode_ppm

SHARE_OF_BEST = 0.9
CLIENTS = 2
WARM_UP_BATCHES = 1


@dataclass(frozen=True, slots=True)
class Threads:
    """DECODE_WORKERS and ML_INTRA_OP_THREADS."""

    decode: int
    model: int

    @property
    def environment(self) -> dict[str, str]:
        return {"DECODE_WORKERS": str(self.decode), "ML_INTRA_OP_THREADS": str(self.model)}


@dataclass(frozen=True, slots=True)
class Row:
    """Images a second, round by round, of each kind of upload."""

    threads: Threads
    jpeg: list[float]
    ppm: list[float]
    jpeg_cpu_ms: list[float]
    ppm_cpu_ms: list[float]


def counts_of(cores: int) -> list[int]:
    """1, 2, 4 and so on, the cores, and twice as many."""
    doublings = {2**power for power in range(cores.bit_length())}
    return sorted({count for count in doublings if count <= cores} | {cores, 2 * cores})


def default_threads() -> Threads:
    """Without what the environment says."""
    return Threads(
        *(
            Settings.model_fields[name].get_default(call_default_factory=True)
            for name in ("decode_workers", "ml_intra_op_threads")
        )
    )


def candidates(counts: Sequence[int]) -> list[Threads]:
    """Every pair of them, and the default."""
    return sorted(
        {Threads(*pair) for pair in product(counts, counts)} | {default_threads()},
        key=lambda threads: (threads.decode, threads.model),
    )


async def driven(url: str, pid: int, request: Request, batches: int) -> Drive:
    async with connected(url, pid=pid) as service:
        await service.driven([request] * WARM_UP_BATCHES, clients=1)
        drive = await service.driven([request] * batches, clients=CLIENTS)
    for answer in drive.answers:
        if answer.status != 200:
            raise BenchmarkFailed(f"{answer.status}: {answer.content[:300]!r}")
    return drive


async def swept(
    folder: Path, environment: Mapping[str, str], options: argparse.Namespace
) -> list[Row]:
    """Every round starts the service once with each setting, in an order of its own."""
    rows = {threads: Row(threads, [], [], [], []) for threads in candidates(options.counts)}
    jpeg = jpeg_of(photograph(options.megapixels))
    jpegs = request_of([(f"{number}", jpeg) for number in range(options.batch)])
    batches = -(-options.images // options.batch)
    images = batches * options.batch
    for number in range(options.rounds):
        order = list(rows.values())
        Random(number).shuffle(order)  # what the machine does beside must not meet the same ones
        for row in order:
            both = {**environment, **row.threads.environment}
            async with inference_service(folder, environment=both) as running:
                url, pid = running.service.url, running.process.pid
                async with connected(url, pid=pid) as service:
                    side_px = (await service.capabilities()).upload.clip.side_px
                ppm = encode_ppm(np.zeros((side_px, side_px, 3), np.uint8))
                ppms = request_of([(f"{part}", ppm) for part in range(options.batch)])
                for request, speeds, cpu_ms in (
                    (jpegs, row.jpeg, row.jpeg_cpu_ms),
                    (ppms, row.ppm, row.ppm_cpu_ms),
                ):
                    drive = await driven(url, pid, request, batches)
                    speeds.append(images / drive.wall_s)
                    cpu_ms.append(drive.service_cpu_s / images * 1e3)
    return list(rows.values())


def targets_of(rows: list[Row]) -> list[Target]:
    default = default_threads()
    targets = []
    for what, speeds in (
        ("original JPEGs", {row.threads: statistics.median(row.jpeg) for row in rows}),
        ("PPMs", {row.threads: statistics.median(row.ppm) for row in rows}),
    ):
        best = max(speeds, key=lambda threads: speeds[threads])
        name = f"{what}: the default's share of the best ({best.decode} x {best.model})"
        targets.append(Target(name, SHARE_OF_BEST, speeds[default] / speeds[best]))
    return targets


def measure(options: argparse.Namespace, folder: Path) -> Report:
    rows = anyio.run(swept, folder, clip_environment(folder, options), options)
    default = default_threads()
    return Report(
        title=f"{options.model}: {options.images} images of each kind, {CLIENTS} clients",
        columns=("decode x model", "JPEGs/s", "PPMs/s", "CPU ms a JPEG", "CPU ms a PPM"),
        rows=[
            (
                f"{row.threads.decode} x {row.threads.model}"
                + " (default)" * (row.threads == default),
                *(
                    f"{statistics.median(figures):,.1f}"
                    for figures in (row.jpeg, row.ppm, row.jpeg_cpu_ms, row.ppm_cpu_ms)
                ),
            )
            for row in rows
        ],
        targets=targets_of(rows),
        figures={"default": asdict(default), "rows": [asdict(row) for row in rows]},
    )


def main() -> None:
    parser = parser_of("threads", __doc__)
    add_clip_options(parser)
    counts = counts_of(len(os.sched_getaffinity(0)))
    parser.add_argument("--counts", type=int, nargs="+", default=counts, help="of threads, to try")
    parser.add_argument("--images", type=int, default=128, help="of each kind")
    parser.add_argument("--batch", type=int, default=32, help="images a request")
    parser.add_argument("--megapixels", type=float, default=12.0, help="of the JPEGs")
    parser.add_argument("--rounds", type=int, default=3, help="the median of them counts")
    run(parser, measure)


if __name__ == "__main__":
    main()
