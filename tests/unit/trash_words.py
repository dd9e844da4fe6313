"""Words of the tests of the trash: points, their removal, and a page of what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    OfJob,
    Removal,
    Restored,
    Trashed,
    Which,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    NOW,
    ROOT,
    SHA,
    complete,
    file_start,
    key,
    pid,
    running,
    stored,
)
from utils.metadata.photo_metadata import Metadata

NAMES = (b"a", b"b", b"\xff.jpg")
ROOMY = 2**40
OF_JOB = OfJob("job-1")


def point(name: bytes, *, model: str = "fp", number: float = 1.0) -> Point:
    return Point(
        id=pid(name),
        vector=np.array([number, 0, 0, 0], dtype=np.float32),
        root_id=ROOT.id,
        path=b"/photos/" + name,
        display_path="/photos/" + name.decode("utf-8", "backslashreplace"),
        filename=name.decode("utf-8", "backslashreplace"),
        sha256=SHA,
        size_bytes=10,
        mtime_ns=20,
        format="jpeg",
        width_px=30,
        height_px=40,
        phash=2**64 - 1,
        partial=False,
        pixel_source="image",
        metadata=Metadata(taken_at=NOW.replace(tzinfo=None), keywords=("lake",)),
        caption=None,
        fingerprint=model,
        job_id="job-0",
    )


def removal(name: bytes, *, number: float = 1.0, models: Sequence[str] = ("fp",)) -> Removal:
    rows = {model: point(name, model=model, number=number) for model in models}
    return Removal(key(name), pid(name), rows, Caption("a lake", "blip"))


def unseen(name: bytes) -> UnseenFile:
    return UnseenFile(key(name), ROOT.path + b"/" + name, pid(name), had_point=True, sha256=SHA)


async def filled(ledger: Ledger) -> CollectionRecord:
    collection = await running(ledger)
    await ledger.files.register("job-1", collection.id, [file_start(name) for name in NAMES])
    outcomes = [replace(stored(name), catalogued=point(name)) for name in NAMES]
    await complete(ledger, collection, *outcomes)
    return collection


async def put(
    ledger: Ledger,
    collection: CollectionRecord,
    *removals: Removal,
    job_id: str | None = "job-1",
    limit_bytes: int = ROOMY,
) -> None:
    await ledger.trash.put(collection.id, removals, job_id=job_id, limit_bytes=limit_bytes)


async def delete(ledger: Ledger, collection: CollectionRecord, *names: bytes) -> None:
    synced = [SyncedVersion(collection.bound().id, 7)]
    files = [unseen(name) for name in names]
    await ledger.files.delete_files("job-1", collection.id, files, synced=synced)


async def remove(ledger: Ledger, collection: CollectionRecord, *names: bytes) -> None:
    await put(ledger, collection, *[removal(name) for name in names])
    await delete(ledger, collection, *names)


async def page(
    ledger: Ledger, collection: CollectionRecord, which: Which = OF_JOB
) -> list[Trashed]:
    return await ledger.trash.page(collection.id, which, after=0, limit=99)


async def recalled(ledger: Ledger, collection: CollectionRecord, name: bytes) -> FileRecord | None:
    return (await ledger.files.recall(collection.id, [key(name)])).get(key(name))


def back(one: Trashed) -> Restored:
    return Restored(one.number, one.key, one.point_id, one.file, one.points["fp"])
