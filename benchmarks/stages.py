"""Each stage of an image's way by itself: the CPU seconds that bound what a machine can do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid5

import anyio
import numpy as np
from PIL import Image

from benchmarks.raw import THUMBNAIL_SIDE_PX, prepare
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, stored
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileStat,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import NAMESPACE, root_at
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FileStart
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    NewGeneration,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ml_inference_fastapi_app.backends.base import Embedder
from utils.contract import ClipUpload
from utils.imaging.decoding import ImageUnreadableError, open_upright
from utils.metadata.photo_metadata import Metadata

MAX_PIXELS = 300_000_000
TURN = 8  # images a model call, as on a CPU where a query waits at most 150 ms
STORED_ROWS = 150


@dataclass(frozen=True, slots=True)
class Stage:
    """CPU seconds an image, measured alone."""

    name: str
    cpu_s: float


def alone(folder: Path, paths: Sequence[Path], embedder: Embedder) -> tuple[Stage, ...]:
    """Every stage by itself, before any service runs. `folder` takes what is stored."""
    upload, dim = embedder.description.upload, embedder.description.dim
    turn = iter(range(10))

    def store() -> None:
        place = folder / f"alone-{next(turn)}"
        place.mkdir()
        anyio.run(lambda: store_rows(place, rows=STORED_ROWS, dim=dim))

    images = len(paths)
    return (
        Stage("hash", cpu_s(lambda: hash_files(paths), images=images)),
        Stage("decode", cpu_s(lambda: decode_files(paths, upload), images=images)),
        Stage("inference", cpu_s(lambda: embed_noise(embedder, images=32), images=32)),
        Stage("store", cpu_s(store, images=STORED_ROWS)),
    )


def cpu_s(work: Callable[[], object], *, images: int) -> float:
    """CPU seconds an image of this process, all its threads; the first call is not measured."""
    work()
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) / images


def is_decoded_here(path: Path) -> bool:
    """Both by the orchestrator in its own process and, in full, by Pillow alone."""
    try:
        open_upright(path.read_bytes(), min_side_px=1, max_pixels=MAX_PIXELS)
        with Image.open(path) as image:
            image.convert("RGB")
    except (ImageUnreadableError, OSError, ValueError, SyntaxError):
        return False
    return True


def hash_files(paths: Sequence[Path]) -> None:
    for path in paths:
        hashlib.sha256(path.read_bytes()).digest()


def decode_files(paths: Sequence[Path], upload: ClipUpload) -> None:
    side_px = max(2 * upload.side_px, THUMBNAIL_SIDE_PX)
    for path in paths:
        data = path.read_bytes()
        prepare(open_upright(data, min_side_px=side_px, max_pixels=MAX_PIXELS).image, upload)


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
        made = await ledger.collections.create("benchmark", identity="benchmark")
        await ledger.jobs.create("job", made.id, import_request("benchmark", b"/benchmark"))
        new = NewGeneration("benchmark", "m", "w", dim, "f")
        created = await store.create(new.table, dim=dim)
        await ledger.generations.bind(made.id, new, synced_version=created)
        bound = await ledger.collections.find(made.name)
        assert bound is not None
        await ledger.files.register(
            "job",
            made.id,
            [
                FileStart(key, point_id, Outcome.PENDING, "x")
                for key, point_id in zip(keys, ids, strict=True)
            ],
        )
        await ledger.artefacts.begin_write("job", made.id, dict.fromkeys(ids, Outcome.EMBEDDED))
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
                pixel_source="image",
                metadata=Metadata(taken_at=datetime(2026, 1, 1)),  # noqa: DTZ001  # wall clock
                caption=None,
                fingerprint="f",
                job_id="job",
            )
            for point_id, vector in zip(ids, vectors, strict=True)
        ]
        version = await store.write("benchmark", points, may_exist=())
        settlements = [
            FileOutcome(
                key,
                point_id,
                "x",
                Outcome.EMBEDDED,
                stat,
                True,
                sha256=bytes(32),
                artefacts=(stored(Kind.VECTOR, "f"),),
            )
            for key, point_id in zip(keys, ids, strict=True)
        ]
        await ledger.files.complete(
            "job",
            made.id,
            settlements,
            synced=SyncedVersion(bound.bound().id, version),
            reader_version="readers-1",
            progress=SavedProgress(),
        )
    await store.aclose()
