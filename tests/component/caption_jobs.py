"""Caption jobs of a bench: what is needed besides its ports, and how one is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.captions.by_service import ServiceCaptioner
from ingestion_orchestration_fastapi_app.captions.context import Concurrency
from ingestion_orchestration_fastapi_app.captions.job import CaptionImages
from ingestion_orchestration_fastapi_app.captions.pictures import CaptionPictures
from ingestion_orchestration_fastapi_app.domain.captions.records import CAPTION, CAPTIONS_LANE
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.captioner import CaptionerPort
from ingestion_orchestration_fastapi_app.ports.previews import PreviewFormat, PreviewKey
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from tests.component.bench import Bench, BenchScheduler
from tests.fake_inference import FakeInference
from tests.fakes import capabilities
from utils.contract import CaptionCapabilities, CaptionOptions, ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

GROUP = 5  # captions that are written at once


def captioning(fingerprint: str | None = "blip-1", *, detail: str | None = None) -> FakeInference:
    """A service that makes captions; with a detail, one that says why it does not."""
    captions = CaptionCapabilities(
        available=detail is None,
        model="fake-blip",
        fingerprint=fingerprint,
        alone=True,
        detail=detail,
    )
    told = capabilities().model_copy(update={"captions": captions, "safe_blip_batch": 4})
    return FakeInference(told=told)


@dataclass
class MemoryPreviews:
    """Implements `PreviewCache`."""

    kept: dict[PreviewKey, bytes] = field(default_factory=dict)

    async def get(self, key: PreviewKey) -> bytes | None:
        await checkpoint()
        return self.kept.get(key)

    async def put(self, key: PreviewKey, preview: bytes) -> None:
        await checkpoint()
        self.kept[key] = preview


@dataclass
class PlainRendering:
    """Implements `PreviewRendering`: a preview is the content itself, but of what is `corrupt`."""

    version: str = "plain"
    rendered: list[bytes] = field(default_factory=list)
    down: int = 0  # so often no decoder can be started

    async def render(
        self, content: Content, *, side_px: int, min_side_px: int, encoding: PreviewFormat
    ) -> bytes | Rejected:
        await checkpoint()
        if self.down:
            self.down -= 1
            raise DecodersDownError("no decoder can be started")
        self.rendered.append(content.data)
        if b"damaged since" in content.data:
            return Rejected(ErrorCode.DECODING_IMAGE, "corrupt")
        return content.data


@dataclass
class CaptionBench:
    """What a restart keeps is the bench's."""

    bench: Bench
    previews: MemoryPreviews = field(default_factory=MemoryPreviews)
    rendering: PlainRendering = field(default_factory=PlainRendering)
    is_allowed: Callable[[bytes], bool] = lambda _: True
    captioners: tuple[CaptionerPort, ...] | None = None

    def kind(self, collections: Collections, scheduler: BenchScheduler) -> CaptionImages:
        bench = self.bench
        pictures = CaptionPictures(
            bench.cache,
            self.previews,
            self.rendering,
            bench.library,
            bench.preparation.picture_version,
            MemoryBudget(100_000),
            self.is_allowed,
        )
        captioners = self.captioners
        if captioners is None:
            captioners = (ServiceCaptioner(scheduler.pool, 128),)
        return CaptionImages(collections, pictures, captioners, Concurrency(2, GROUP, 0.02))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[BenchScheduler]:
        """Imports and caption jobs, in one process."""
        collections = self.bench.collections()
        imports = self.bench.scheduler(collections)
        kinds = Kinds([imports.kinds.named("ingest"), self.kind(collections, imports).kind])
        scheduler = BenchScheduler(
            self.bench.ports(), kinds, max_running=2, max_waiting=9, pool=imports.pool
        )
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            yield scheduler
            tg.cancel_scope.cancel()

    async def submitted(self, scheduler: BenchScheduler, **options: object) -> JobRecord:
        given = CaptionOptions.model_validate(options).model_dump(mode="json")
        request = JobRequest("default", CAPTION, CAPTIONS_LANE, given)
        return await scheduler.submit(await self.bench.collection(), request)

    async def captioned(self, **options: object) -> tuple[JobRecord, Report]:
        """A job, seen to its end."""
        async with self.serving() as scheduler:
            record = await self.submitted(scheduler, **options)
            ended = await self.bench.ended(record.id)
        return ended, report_of(ended.checkpoint.report)
