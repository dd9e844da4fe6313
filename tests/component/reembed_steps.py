"""A bench with a second model, by a service of its own, and steps of re-embeddings on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from anyio import Event

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Embedded,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.reembedding import REEMBED
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component.bench import Bench
from tests.component.job_steps import started
from tests.fake_inference import FakeInference
from tests.fakes import DIM, capabilities, vector_of
from utils.contract import Capabilities, ErrorCode, JobState
from utils.problems import Rejected

OTHER = "another-model-0001"
OTHER_DIM = DIM + 3


def other_capabilities() -> Capabilities:
    told = capabilities(fingerprint=OTHER)
    clip = told.clip.model_copy(update={"model": "another", "dim": OTHER_DIM})
    return told.model_copy(update={"clip": clip})


def other_vector_of(data: bytes) -> Vector:
    """Of another length, and another direction, than the first model's."""
    vector = np.zeros(OTHER_DIM, dtype=np.float32)
    vector[:DIM] = vector_of(b"another" + data)
    return vector


@dataclass
class OtherModel(FakeInference):
    """What has `averse` in it has no vector by it."""

    told: Capabilities = field(default_factory=other_capabilities)
    url: str = "http://another"

    def _embedded(self, data: bytes, *, captions: bool) -> Embedded:
        return Embedded(other_vector_of(data))

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        answers = await super().embed(uploads, captions=captions, fingerprint=fingerprint)
        averse = [
            name
            for name, upload in uploads.items()
            if isinstance(upload, Upload) and b"averse" in upload.data
        ]
        return answers | dict.fromkeys(averse, Rejected(ErrorCode.CLIP_INFER, "no vector"))


def bench_of_two(other: FakeInference | None = None) -> Bench:
    return Bench(others=(other or OtherModel(),))


def stuck(service: FakeInference, *, only: bytes = b"", met: Event | None = None) -> Event:
    """It answers no batch with such a content before the event. `met`: set when one has come."""
    go = Event()
    embed = service.embed

    async def held(
        uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        service.running += 1
        try:
            if any(isinstance(one, Upload) and only in one.data for one in uploads.values()):
                if met is not None:
                    met.set()
                await go.wait()
        finally:
            service.running -= 1
        return await embed(uploads, captions=captions, fingerprint=fingerprint)

    service.embed = held  # type: ignore[method-assign]  # until it is let go
    return go


async def generation_by(bench: Bench, fingerprint: str) -> Generation:
    found = (await bench.collection()).generations
    return next(one for one in found if one.fingerprint == fingerprint)


async def asked(
    bench: Bench, scheduler: JobScheduler, collections: Collections, **options: bool
) -> JobRecord:
    """Submits a re-embedding by the other model."""
    collection = await bench.collection()
    generation = await collections.generations.begin(collection, other_capabilities().clip)
    kind = scheduler.kinds.named(REEMBED)
    request = kind.request("default", {"generation_id": generation.id, **options})
    return await scheduler.submit(collection, request)


async def reembedded(bench: Bench, **options: bool) -> JobRecord:
    """From its start to its end."""
    collections = bench.collections()
    async with started(bench, collections) as scheduler:
        job = await asked(bench, scheduler, collections, **options)
        ended = await bench.ended(job.id)
    await bench.fill_words(collections)
    assert ended.state is JobState.COMPLETED, (ended.reason, ended.reason_code)
    return ended


async def points_by(bench: Bench, fingerprint: str) -> dict[bytes, Point]:
    """By relative path. Each id has one row, and its vector is its own file's."""
    table = (await generation_by(bench, fingerprint)).table
    ids: list[UUID] = [one async for group in bench.store.ids(table) for one in group]
    assert len(set(ids)) == len(ids)
    points = await bench.store.get(table, ids, vectors=True)
    assert {point.fingerprint for point in points} <= {fingerprint}
    return {point.path.removeprefix(b"/photos/"): point for point in points}


async def check_whole(bench: Bench) -> None:
    """The other model answers, with one point and one row of words for each image there is."""
    collection = await bench.collection()
    assert collection.fingerprint == OTHER
    points = await points_by(bench, OTHER)
    images = {
        path: one.data
        for path, one in bench.library.files.items()
        if one.data.startswith(b"image") and b"corrupt" not in one.data
        if b"unembeddable" not in one.data
    }
    assert set(points) == set(images)
    for path, point in points.items():
        np.testing.assert_allclose(point.vector, other_vector_of(images[path]), atol=1e-6)
    words = [one async for ids in bench.words.ids("default.words") for one in ids]
    assert sorted(words) == sorted(point.id for point in points.values())
    there = await bench.ledger.artefacts.count_stored(collection.bound().id)
    assert there == len(points)
