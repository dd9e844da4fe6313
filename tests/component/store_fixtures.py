"""Points and stores for the tests of the vector store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.metadata.photo_metadata import Metadata, TakenAtSource

ROOT_ID = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
COLLECTION = "holidays"
DIM = 16
INDEX_THRESHOLD_ROWS = 400
COMPACT_EVERY_FRAGMENTS = 6


def unit(seed: int, dim: int = DIM) -> Vector:
    vector = np.random.default_rng(seed).standard_normal(dim)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def point(
    number: int,
    *,
    dim: int = DIM,
    vector: Vector | None = None,
    display_path: str | None = None,
    metadata: Metadata | None = None,
    job_id: str = "job",
) -> Point:
    """The same number is the same file. Cameras, times, formats and sizes vary with it."""
    name = f"{number:06d}.jpg"
    if metadata is None:
        metadata = Metadata(
            taken_at=datetime(2020, 1, 1) + timedelta(hours=number) if number % 3 else None,  # noqa: DTZ001  # a camera's clock has no zone
            camera_make=("NIKON", "Canon", None)[number % 3],
            camera_model="100%_'D'" if number % 2 else None,
            latitude=number / 10 if number % 4 else None,
            longitude=7.5 if number % 4 else None,
            taken_at_source=TakenAtSource.XMP if number % 3 else None,
            taken_at_offset_min=-150 if number % 3 == 1 else None,
            lens="EF 24-105mm f/4L" if number % 2 else None,
            focal_length_mm=18.6,
            exposure_s=1 / 250,
            iso=200 if number % 2 else None,
            flash_fired=number % 5 == 1 if number % 2 else None,
            altitude_m=-12.5 if number % 4 else None,
            rating=(None, -1, 0, 3, 5)[number % 5],
            title=f"Nr. {number}",
            keywords=(("Rom", "Été"), ("Romans",), (), ("Places|Rom", "ROM"))[number % 4],
        )
    return Point(
        id=uuid5(ROOT_ID, name),
        vector=unit(number, dim) if vector is None else vector,
        root_id=ROOT_ID,
        path=b"/photos/\xff" + name.encode(),
        display_path=display_path or f"/photos/{number % 7}/{name}",
        filename=name,
        sha256=number.to_bytes(32, "big"),
        size_bytes=5_000_000_000 + number,
        mtime_ns=1_700_000_000_123_456_789 + number,
        format=("jpeg", "png", "heic")[number % 3],
        width_px=100 + number,
        height_px=2000 - number,
        phash=2**64 - 1 - number,
        partial=number % 5 == 0,
        pixel_source="image",
        metadata=metadata,
        caption=None if number % 2 else "ein Fahrrad, 自転車",
        fingerprint="abc",
        job_id=job_id,
    )


def points(start: int, stop: int, *, dim: int = DIM) -> list[Point]:
    return [point(number, dim=dim) for number in range(start, stop)]


def local_store(folder: str, *, keep_versions_s: float = 0.0) -> LanceStore:
    """With limits that a test's few rows reach."""
    return LanceStore(
        folder,
        index_threshold_rows=INDEX_THRESHOLD_ROWS,
        compact_every_fragments=COMPACT_EVERY_FRAGMENTS,
        keep_versions_s=keep_versions_s,
    )


async def row_ids(store: VectorStore, collection: str = COLLECTION) -> list[UUID]:
    """Every row's id, sorted; a duplicated row twice."""
    return sorted([point_id async for group in store.ids(collection) for point_id in group])


def ids(found: Sequence[Point]) -> list[UUID]:
    return [each.id for each in found]


def files_of(folder: str, *parts: str, table: str = COLLECTION) -> list[str]:
    """The files of a table's folder, oldest first."""
    where = os.path.join(folder, f"{table}.lance", *parts)
    paths = [os.path.join(where, name) for name in os.listdir(where)]
    return sorted(paths, key=lambda path: os.stat(path).st_mtime_ns)


async def filled(store: VectorStore, rows: int) -> VectorStore:
    await store.create(COLLECTION, dim=DIM)
    await store.write(COLLECTION, points(0, rows), may_exist=())
    return store
