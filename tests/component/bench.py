"""A whole orchestrator without a network or a disk: real pipeline and supervisor, fake edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack
from uuid import UUID

import numpy as np
from anyio import TASK_STATUS_IGNORED, create_task_group, fail_after, sleep
from anyio.abc import TaskStatus

from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    IngestOptions,
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, Origin
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashLimits
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency
from ingestion_orchestration_fastapi_app.ingest.job import Ingest
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.excluding import FolderExcluding
from ingestion_orchestration_fastapi_app.library.forgetting import Forgetting
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.trash.restoring import Restoring
from ingestion_orchestration_fastapi_app.library.trash.trash import DEFAULT_LIMITS
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from ingestion_orchestration_fastapi_app.reembed.job import Reembed
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.undo.job import Undo
from ingestion_orchestration_fastapi_app.verify.job import Verify
from tests.component.transfer_steps import transfer_kinds
from tests.fake_inference import FakeInference
from tests.fakes import FakeLibrary, FakePreparation, vector_of
from tests.memory_exports import MemoryExports
from tests.memory_ledger import memory_ledger
from tests.memory_ports import MemoryContentCache
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords
from utils.contract import JobCounts

CONCURRENCY = Concurrency(
    read_workers=2,
    decode_workers=2,
    batch_images=4,
    store_rows=5,
    store_linger_s=0.02,
    delete_guard_percent=20,
)
PATIENCE_S = 120


class Options(TypedDict, total=False):
    """Of a request."""

    recursive: bool
    captions: bool
    force: bool
    sync: bool
    confirm_deletes: bool
    folders: tuple[bytes, ...]
    origin: Origin


class BenchScheduler(JobScheduler):
    """Asks the inference services what they are for as long as it serves."""

    def __init__(self, *args: Any, pool: InferencePool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pool = pool

    async def serve(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        async with create_task_group() as tg:
            tg.start_soon(self.pool.health_check_loop)
            await super().serve(task_status=task_status)
            tg.cancel_scope.cancel()


@dataclass
class Bench:
    """What survives a restart is kept; `job` runs until its end in a fresh supervisor."""

    library: FakeLibrary = field(default_factory=FakeLibrary)
    inference: FakeInference = field(default_factory=FakeInference)
    others: tuple[FakeInference, ...] = ()  # services behind it in the list
    preparation: FakePreparation = field(default_factory=FakePreparation)
    ledger: Ledger = field(default_factory=memory_ledger)
    store: VectorStore = field(default_factory=MemoryStore)
    words: WordStore = field(default_factory=MemoryWords)
    cache: MemoryContentCache = field(default_factory=MemoryContentCache)
    exports: MemoryExports = field(default_factory=MemoryExports)
    budget: MemoryBudget = field(default_factory=lambda: MemoryBudget(100_000))
    trash: TrashLimits = DEFAULT_LIMITS
    max_waiting: int = 1000
    pool: InferencePool | None = None  # the newest scheduler's

    def __post_init__(self) -> None:
        for service in (self.inference, *self.others):
            service.library = self.library

    def ports(self) -> Ports:
        return Ports(
            ledger=self.ledger,
            store=self.store,
            words=self.words,
            cache=self.cache,
            library=self.library,
            preparation=self.preparation,
            inference=(self.inference, *self.others),
            budget=self.budget,
            exports=self.exports,
        )

    def scheduler(self, collections: Collections | None = None) -> BenchScheduler:
        ports = self.ports()
        collections = collections or self.collections()
        self.pool = pool = InferencePool(ports.inference)
        ingest = Ingest(ports, collections, pool, CONCURRENCY)
        return BenchScheduler(
            ports,
            Kinds(
                [
                    ingest.kind,
                    Reembed(
                        ports, collections, pool, CONCURRENCY, ingest.gate, MemoryBudget(100_000)
                    ).kind,
                    Undo(collections, self.restoring(collections)).kind,
                    Verify(
                        collections,
                        self.thumbnails(pool),
                        self.filling(collections),
                    ).kind,
                    *transfer_kinds(ports, collections),
                ]
            ),
            max_running=2,
            max_waiting=self.max_waiting,
            pool=pool,
        )

    def thumbnails(self, pool: InferencePool) -> Thumbnails:
        return Thumbnails(
            self.cache,
            self.library,
            self.preparation,
            self.budget,
            pool,
        )

    def restoring(self, collections: Collections) -> Restoring:
        return Restoring(collections, self.ledger, self.store)

    def forgetting(self, collections: Collections) -> Forgetting:
        version = self.preparation.reader_version
        return Forgetting(collections, self.ledger, self.store, reader_version=version)

    def excluding(self, collections: Collections) -> FolderExcluding:
        version = self.preparation.reader_version
        return FolderExcluding(collections, self.ledger, self.store, reader_version=version)

    async def submitted(
        self, scheduler: JobScheduler, *, name: str = "default", **options: Unpack[Options]
    ) -> JobRecord:
        collection = await self.collection(name)
        given = {one: value for one, value in options.items() if one in IngestOptions.model_fields}
        request = import_request(
            name,
            b"/photos",
            IngestOptions.model_validate(given),
            folders=options.get("folders", ()),
            origin=options.get("origin", Origin.REQUEST),
        )
        return await scheduler.submit(collection, request)

    def collections(self) -> Collections:
        return Collections(self.ledger, self.store, self.words, trash=self.trash)

    async def collection(self, name: str = "default") -> CollectionRecord:
        collections = self.collections()
        collection = await collections.find(name) or await collections.create(name)
        await collections.roots.add(collection, self.library.root.path)
        return collection

    async def job(
        self, collections: Collections | None = None, **options: Unpack[Options]
    ) -> JobRecord:
        """Submits a job and sees it to its end."""
        scheduler = self.scheduler(collections)
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            record = await self.submitted(scheduler, **options)
            ended = await self.ended(record.id)
            tg.cancel_scope.cancel()
        return ended

    async def resumed(self) -> None:
        """Starts again after a crash, and sees every unfinished job to its end."""
        collections = self.collections()
        await collections.check_all()
        await self.forgetting(collections).finish_all()
        await self.excluding(collections).finish_all()
        scheduler = self.scheduler(collections)
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            for record in await self.ledger.jobs.list_unfinished():
                await self.ended(record.id)
            tg.cancel_scope.cancel()
        await self.fill_words(collections)

    def filling(self, collections: Collections) -> WordsFilling:
        return WordsFilling(self.ledger, self.store, collections.words, self.cache)

    async def fill_words(self, collections: Collections) -> None:
        """What a start finds lacking, or left over."""
        filling = self.filling(collections)
        for collection in await self.ledger.collections.list_all():
            if collection.active is not None and not collections.words.state(collection).whole:
                await filling.fill(collection)

    async def ended(self, job_id: str) -> JobRecord:
        return await self.until(job_id, lambda record: record.state in FINAL)

    async def until(self, job_id: str, reached: Callable[[JobRecord], bool]) -> JobRecord:
        with fail_after(PATIENCE_S):
            while True:
                record = await self.ledger.jobs.find(job_id)
                assert record is not None
                assert adds_up(record.counts), record.counts
                if reached(record):
                    return record
                await sleep(0.002)  # the ledger has no events: its state is what is waited for

    async def rows(self) -> Counter[UUID]:
        """How often each id stands in the store. Of words each has one row."""
        found: Counter[UUID] = Counter()
        async for ids in self.store.ids("default"):
            found.update(ids)
        words: Counter[UUID] = Counter()
        async for ids in self.words.ids("default.words"):
            words.update(ids)
        assert words == Counter(set(found))
        return found

    async def captions(self) -> dict[str, str | None]:
        """By file name. No point's own row has any."""
        points = await self.store.page("default", limit=1000, offset=0)
        assert not any(point.caption for point in points)
        words = await self.words.get("default.words", [point.id for point in points])
        return {point.filename: words[point.id].caption for point in points}

    async def check_vectors(self) -> None:
        """Every stored vector is its own file's."""
        points = await self.store.get("default", list(await self.rows()), vectors=True)
        for point in points:
            relative = point.path.removeprefix(b"/photos/")
            data = self.library.files[relative].data
            np.testing.assert_allclose(point.vector, vector_of(data), atol=1e-6)


def adds_up(counts: JobCounts) -> bool:
    parts = (
        counts.unchanged
        + counts.cached
        + counts.embedded
        + counts.failed
        + counts.skipped
        + counts.pending
    )
    return counts.found == parts


def mixed_folder(library: FakeLibrary, *, images: int = 20) -> None:
    """Images, copies of one, and one of each kind of bad file."""
    for number in range(images):
        library.put(b"%03d.jpg" % number, b"image %d" % number)
    library.put(b"copy-a.jpg", b"image 3")
    library.put(b"copy-b.jpg", b"image 3")
    library.put(b"corrupt.jpg", b"image corrupt")
    library.put(b"corrupt-copy.jpg", b"image corrupt")
    library.put(b"empty.jpg", b"")
    library.put(b"notes.txt", b"text")
    library.put(b"odd.jpg", b"image unembeddable")
    library.put(b"\xff\xfe.jpg", b"image with a name that is not UTF-8")
