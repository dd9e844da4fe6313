"""Made images as exports hold them, and a manifest of theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    display_text,
    point_id,
    root_at,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage, SeenFile
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    ExportedCollection,
    ExportedFile,
    ExportedModel,
    ExportedRoot,
    Manifest,
)
from utils.metadata.photo_metadata import Metadata, TakenAtSource

DIM = 8
IDENTITY = "default"
ROOT = root_at(b"/photos")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 pixels"


def image(number: int, *, root: Root = ROOT, path: bytes = b"") -> ExportedImage:
    """Odd numbers say all that can be said, even ones as little as can be."""
    relative = path or b"a/%05d \xff.jpg" % number
    absolute = root.path + b"/" + relative
    vector = np.random.default_rng(number).standard_normal(DIM).astype(np.float32)
    point = Point(
        id=point_id(IDENTITY, root.id, relative),
        vector=vector / np.linalg.norm(vector),
        root_id=root.id,
        path=absolute,
        display_path=display_text(absolute),
        filename=display_text(absolute.rpartition(b"/")[2]),
        sha256=number.to_bytes(32),
        size_bytes=1000 + number,
        mtime_ns=-number,
        format="jpeg",
        width_px=640,
        height_px=480,
        phash=2**64 - 1 - number,
        partial=False,
        pixel_source="image",
        metadata=Metadata(),
        caption=None,
        fingerprint="model-1",
        job_id="0f",
    )
    if number % 2 == 0:
        return ExportedImage(point)
    metadata = Metadata(
        taken_at=datetime(1969, 7, 20, 20, 17, 40, 123456),  # noqa: DTZ001  # a camera's clock
        taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL,
        taken_at_offset_min=-300,
        camera_make="Nokia",
        latitude=-33.5,
        longitude=151.25,
        rating=5,
        title="Ein Bär",
        keywords=("sea", "Orte|Küste"),
        favourite=True,
        sidecar_turn=6,
        motion=False,
    )
    point = replace(
        point,
        metadata=metadata,
        caption="a bear",
        annotation=Annotation.of(rating=3, favourite=False, tags=["Print", "see"]),
        companions=("a.dng",),
    )
    stat = FileStat(point.size_bytes, point.mtime_ns, 7, -9)
    return ExportedImage(point, "blip-1", SeenFile(stat, True, "readers"), NOW, WEBP)


def manifest(*files: ExportedFile, **changes: object) -> Manifest:
    given = {
        "name": "it",
        "job_id": "0f",
        "created_at": NOW,
        "made_by": "photoseek of a test",
        "collection": ExportedCollection(
            name="default", identity=IDENTITY, roots=(ExportedRoot.of(ROOT),)
        ),
        "model": ExportedModel(name="tiny", weights="", fingerprint="model-1", dim=DIM),
        "upload_version": "3-ppm-320",
        "picture_version": "3-ppm-320",
        "vectors": True,
        "thumbnails": True,
        "filters": None,
        "store_version": 3,
        "rows": sum(one.rows for one in files),
        "files": files,
        **changes,
    }
    return Manifest.model_validate(given)


def ids(images: list[ExportedImage]) -> list[UUID]:
    return [one.point.id for one in images]
