"""The whole way of 12 MP JPEGs, beside the bound that the machine allows, and a baseline.

python -m benchmarks.ingest --count 150
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid5

import anyio
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import baseline
from benchmarks.machine import Machine, this_machine
from benchmarks.raw import jpeg_of, photograph, prepare
from benchmarks.services import both_services, ingested, spent_s
from ingestion_orchestration_fastapi_app.adapters.ledger import open_ledger
from ingestion_orchestration_fastapi_app.adapters.vector_store import LanceStore
from ingestion_orchestration_fastapi_app.core.files import (
    FileKey,
    FileStat,
    Metadata,
    Outcome,
    Point,
    Verdict,
)
from ingestion_orchestration_fastapi_app.core.identity import NAMESPACE, root_at
from ingestion_orchestration_fastapi_app.core.records import (
    Enrolment,
    JobProgress,
    JobRequest,
    Settlement,
)
from ml_inference_fastapi_app.backends.base import Embedder
from ml_inference_fastapi_app.backends.torch_clip import load_torch_clip
from utils.image_decoding import open_upright

MODEL = "ViT-B-32"
UNTRAINED = "none"
PREPARED_PX = 448
MAX_PIXELS = 300_000_000
TURN = 8  # images a model call, as on a CPU where a query waits at most 150 ms
SHARE_OF_BOUND = 0.85
TIMES_BASELINE = 12.0


@dataclass(frozen=True, slots=True)
class Stage:
    """CPU seconds an image, measured alone."""

    name: str
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Result:
    stages: tuple[Stage, ...]
    bound_images_per_s: float
    rounds_images_per_s: tuple[float, ...]
    baseline_images_per_s: float

    @property
    def images_per_s(self) -> float:
        return statistics.median(self.rounds_images_per_s)


def write_jpegs(folder: Path, *, count: int, megapixels: float) -> list[Path]:
    """Different content each: the number behind the picture's end, as in `benchmarks.raw`."""
    folder.mkdir(parents=True)
    data = jpeg_of(photograph(megapixels))
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(data + b"%08d" % number)
    return paths


def cpu_s(work: Callable[[], object], *, images: int) -> float:
    """CPU seconds an image of this process, all its threads; the first call is not measured."""
    work()
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) / images


def hash_files(paths: list[Path]) -> None:
    for path in paths:
        hashlib.sha256(path.read_bytes()).digest()


def decode_files(paths: list[Path]) -> None:
    for path in paths:
        data = path.read_bytes()
        prepare(open_upright(data, min_side_px=PREPARED_PX, max_pixels=MAX_PIXELS).image)


def embed_noise(embedder: Embedder, *, images: int) -> None:
    side_px = embedder.description.upload.side_px
    pixels = np.random.default_rng(0).integers(0, 256, (TURN, side_px, side_px, 3), np.uint8)
    for _ in range(images // TURN):
        embedder.embed_images(pixels)


async def store_rows(folder: Path, *, rows: int, dim: int) -> None:
    """Ledger and vector store, in one group, as a job's end finds them."""
    root = root_at(b"/benchmark")
    keys = [FileKey(root.id, b"%d" % number) for number in range(rows)]
    ids = [uuid5(NAMESPACE, f"{folder}{number}") for number in range(rows)]
    stat = FileStat(1, 1, 1)
    vectors = np.random.default_rng(0).normal(size=(rows, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = LanceStore(str(folder / "store"))
    async with open_ledger(folder / "ledger.sqlite") as ledger:
        made = await ledger.create_collection("benchmark")
        await ledger.create_job("job", made.id, JobRequest("benchmark", b"/benchmark"))
        await store.create("benchmark", dim=dim)
        await ledger.enrol(
            "job",
            made.id,
            [
                Enrolment(key, point_id, Outcome.PENDING, "x")
                for key, point_id in zip(keys, ids, strict=True)
            ],
        )
        await ledger.intend("job", made.id, dict.fromkeys(ids, Outcome.EMBEDDED))
        points = [
            Point(
                id=point_id,
                vector=vector,
                root_id=root.id,
                path=b"/benchmark/x",
                display_path="/benchmark/x",
                filename="x",
                sha256=bytes(32),
                size_bytes=1,
                mtime_ns=1,
                format="jpeg",
                width_px=1,
                height_px=1,
                phash=0,
                partial=False,
                rung="image",
                metadata=Metadata(taken_at=datetime(2026, 1, 1)),  # noqa: DTZ001  # wall clock
                caption=None,
                fingerprint="f",
                job_id="job",
            )
            for point_id, vector in zip(ids, vectors, strict=True)
        ]
        version = await store.write("benchmark", points, may_exist=())
        settlements = [
            Settlement(
                key,
                point_id,
                "x",
                Outcome.EMBEDDED,
                Verdict.STORED,
                stat,
                True,
                sha256=bytes(32),
                stored_fingerprint="f",
            )
            for key, point_id in zip(keys, ids, strict=True)
        ]
        await ledger.settle(
            "job", made.id, settlements, synced_version=version, progress=JobProgress()
        )
    await store.aclose()


def alone(folder: Path, paths: list[Path]) -> tuple[Stage, ...]:
    """Every stage by itself, before any service runs."""
    few = paths[:16]
    embedder = load_torch_clip(model=MODEL, pretrained=UNTRAINED, cache_dir=folder / "models")
    dim = embedder.description.dim
    turn = iter(range(10))

    def store() -> None:
        place = folder / f"alone-{next(turn)}"
        place.mkdir()
        anyio.run(lambda: store_rows(place, rows=len(paths), dim=dim))

    return (
        Stage("hash", cpu_s(lambda: hash_files(few), images=len(few))),
        Stage("decode", cpu_s(lambda: decode_files(few), images=len(few))),
        Stage("inference", cpu_s(lambda: embed_noise(embedder, images=32), images=32)),
        Stage("store", cpu_s(store, images=len(paths))),
    )


def run_baseline(folder: Path, paths: list[Path]) -> float:
    embedder = load_torch_clip(
        model=MODEL, pretrained=UNTRAINED, cache_dir=folder / "models", dtype="float32"
    )
    baseline.ingest(paths[:1], embedder)
    began_s = time.perf_counter()
    assert baseline.ingest(paths, embedder) == len(paths)
    return len(paths) / (time.perf_counter() - began_s)


async def run_services(folder: Path, photos: Path, *, count: int, rounds: int) -> list[float]:
    speeds = []
    async with both_services(folder, photos, model=MODEL, pretrained=UNTRAINED) as api:
        await ingested(api, photos / "warm", images=TURN)
        for _ in range(rounds):
            job = await ingested(api, photos / "jpeg", images=count)
            speeds.append(count / spent_s(job))
    return speeds


def measure(folder: Path, *, count: int, megapixels: float, rounds: int) -> Result:
    root = folder / "photos"
    paths = write_jpegs(root / "jpeg", count=count, megapixels=megapixels)
    write_jpegs(root / "warm", count=TURN, megapixels=1)
    stages = alone(folder, paths)
    cores = len(os.sched_getaffinity(0))
    bound = cores / sum(stage.cpu_s for stage in stages)
    slow = run_baseline(folder, paths[: baseline.BATCH])
    speeds = anyio.run(lambda: run_services(folder, root, count=count, rounds=rounds))
    return Result(stages, bound, tuple(speeds), slow)


def show(machine: Machine, title: str, result: Result) -> None:
    console = Console()
    console.print(str(machine))
    table = Table(title=title)
    table.add_column("what")
    table.add_column("CPU ms an image", justify="right")
    table.add_column("images/s", justify="right")
    for stage in result.stages:
        table.add_row(f"{stage.name}, alone", f"{stage.cpu_s * 1e3:.1f}", "")
    rounds = ", ".join(f"{speed:.1f}" for speed in result.rounds_images_per_s)
    table.add_row("bound: cores / sum of the above", "", f"{result.bound_images_per_s:.1f}")
    table.add_row(f"whole way (rounds: {rounds})", "", f"{result.images_per_s:.1f}")
    table.add_row("baseline", "", f"{result.baseline_images_per_s:.2f}")
    console.print(table)
    share = result.images_per_s / result.bound_images_per_s
    times = result.images_per_s / result.baseline_images_per_s
    for what, wanted, got in (
        ("share of the bound", SHARE_OF_BOUND, share),
        ("times the baseline", TIMES_BASELINE, times),
    ):
        verdict = "met" if got >= wanted else "missed"
        console.print(f"{what}: {got:.2f} (target {wanted:g}, {verdict})")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="photoseek bench ingest", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--count", type=int, default=150, help="JPEG files")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=3, help="the median of them counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="photoseek-bench-") as folder:
        result = measure(
            Path(folder),
            count=arguments.count,
            megapixels=arguments.megapixels,
            rounds=arguments.rounds,
        )
    if arguments.json:
        print(json.dumps({"machine": asdict(machine), "result": asdict(result)}, indent=1))
        return
    title = f"{arguments.count} JPEGs of {arguments.megapixels:g} MP, {MODEL} untrained"
    show(machine, title, result)


if __name__ == "__main__":
    main()
