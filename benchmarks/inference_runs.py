"""What `benchmarks.inference` measures, each as a run of its own against one service."""

from __future__ import annotations

import os
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
import numpy as np

from benchmarks.in_process import EngineApart, Spent
from benchmarks.inference_figures import (
    Apart,
    Beside,
    Cell,
    JpegRuns,
    Soak,
    TextLatency,
    apart_of,
    cell_of,
    median_ms,
)
from benchmarks.inference_http import Drive, Request, Service, request_of
from benchmarks.mixed import batches_of, run_mixed, write_uploads
from benchmarks.raw import jpeg_of, photograph
from benchmarks.report import BenchmarkFailed
from utils.contract import Capabilities
from utils.imaging.decoding import encode_ppm

BESIDE_CLIENTS = 2
IMPORT_CLIENTS = 4
MIXED_CLIENTS = 16
LARGE_BATCH = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each is measured. Batches over the service's safe one are left out."""

    batches: tuple[int, ...] = (1, 8, 32, LARGE_BATCH)
    clients: tuple[int, ...] = (1, 2, 4, 8)
    cell_images: int = 128  # at least; and two batches a client, as long as that is not too much
    rounds: int = 3
    pair_batches: int = 4
    jpegs: int = 128
    jpeg_batch: int = 32
    megapixels: float = 12.0
    texts: int = 100
    warm_requests: int = 150
    requests: int = 500

    def figures(self) -> dict[str, object]:
        return asdict(self)


class Runs:
    """Made by `prepared`. Each run may be called once, in any order."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        service: Service,
        engine: EngineApart,
        capabilities: Capabilities,
    ) -> None:
        self.capabilities = capabilities
        self._folder = folder
        self._plan = plan
        self._service = service
        self._engine = engine
        side_px = capabilities.upload.clip.side_px
        noise = np.random.default_rng(1).integers(0, 256, (side_px, side_px, 3), np.uint8)
        self._ppm = encode_ppm(noise)

    @classmethod
    async def prepared(
        cls, folder: Path, plan: Plan, service: Service, engine: EngineApart
    ) -> Runs:
        return cls(folder, plan, service, engine, await service.capabilities())

    async def table(self) -> tuple[list[Cell], list[Apart]]:
        """Each round measures everything once."""
        plan, safe = self._plan, self.capabilities.safe_clip_batch
        batches = [batch for batch in plan.batches if batch <= safe]
        drives: dict[tuple[int, int], list[Drive]] = {}
        alone: dict[int, list[Spent]] = {batch: [] for batch in batches}
        for _ in range(plan.rounds):
            for batch in batches:
                count = -(-plan.cell_images // batch)
                alone[batch].append(await self._engine.embedded(batch=batch, batches=count))
                for clients in plan.clients:
                    sent = max(count, 2 * clients if batch < LARGE_BATCH else clients, 4)
                    drive = await self._driven(self._ppms(batch), sent, clients)
                    drives.setdefault((batch, clients), []).append(drive)
        cells = [cell_of(batch, clients, rounds) for (batch, clients), rounds in drives.items()]
        return cells, [apart_of(batch, rounds) for batch, rounds in alone.items()]

    async def beside(self) -> Beside:
        """HTTP, in-process, HTTP, in-process, and so on."""
        plan, batch = self._plan, self._large_batch()
        drives: list[Drive] = []
        alone: list[Spent] = []
        for _ in range(plan.rounds):
            request = self._ppms(batch)
            drives.append(await self._driven(request, plan.pair_batches, BESIDE_CLIENTS))
            alone.append(
                await self._engine.embedded(
                    batch=batch, batches=plan.pair_batches, lanes=BESIDE_CLIENTS
                )
            )
        images = batch * plan.pair_batches
        return Beside(
            batch=batch,
            http=[images / drive.wall_s for drive in drives],
            in_process=[spent.images / spent.wall_s for spent in alone],
            http_cpu_ms=median_ms([drive.service_cpu_s / images for drive in drives]),
            client_cpu_ms=median_ms([drive.client_cpu_s / images for drive in drives]),
            in_process_cpu_ms=median_ms([spent.cpu_s / spent.images for spent in alone]),
        )

    async def jpegs(self) -> JpegRuns:
        """The stages alone take turns with the whole way, too."""
        plan, batch = self._plan, min(self._plan.jpeg_batch, self._large_batch())
        path = self._folder / "photo.jpg"
        path.write_bytes(jpeg_of(photograph(plan.megapixels)))
        data = path.read_bytes()
        request = request_of([(f"{number}", data) for number in range(batch)])
        count = max(BESIDE_CLIENTS, plan.jpegs // batch)
        drives: list[Drive] = []
        decode_s: list[float] = []
        model_s: list[float] = []
        for _ in range(plan.rounds):
            drives.append(await self._driven(request, count, BESIDE_CLIENTS))
            decoded = await self._engine.decoded([path], images=batch)
            decode_s.append(decoded.cpu_s / decoded.images)
            embedded = await self._engine.embedded(batch=batch, batches=count)
            model_s.append(embedded.cpu_s / embedded.images)
        images = batch * count
        return JpegRuns(
            megapixels=plan.megapixels,
            http=[images / drive.wall_s for drive in drives],
            decode_cpu_s=statistics.median(decode_s),
            model_cpu_s=statistics.median(model_s),
            http_cpu_ms=median_ms([drive.service_cpu_s / images for drive in drives]),
            client_cpu_ms=median_ms([drive.client_cpu_s / images for drive in drives]),
            clients=BESIDE_CLIENTS,
            cores=len(os.sched_getaffinity(0)),
        )

    async def texts(self) -> TextLatency:
        """Queries one after another: on an idle service, and while clients keep it full."""
        plan, request = self._plan, self._ppms(self._large_batch())
        limit = self.capabilities.queue.limit
        idle_s: list[float] = []
        busy_s: list[float] = []
        await self._text_latencies(1)
        for _ in range(plan.rounds):
            await self._service.until_queued(0)
            idle_s += await self._text_latencies(-(-plan.texts // plan.rounds))
            async with anyio.create_task_group() as tg:
                for _ in range(IMPORT_CLIENTS):
                    tg.start_soon(self._service.saturate, request)
                await self._service.until_queued(min(limit, IMPORT_CLIENTS))
                busy_s += await self._text_latencies(-(-plan.texts // plan.rounds))
                tg.cancel_scope.cancel()
        return TextLatency(idle_s, busy_s)

    async def soak(self) -> Soak:
        """Many clients, good and bad batches; what is wrong with the answers is counted."""
        plan = self._plan
        paths = write_uploads(self._folder / "mixed", side_px=self.capabilities.upload.clip.side_px)
        references = await self._engine.references(paths)
        warm = batches_of(paths, count=plan.warm_requests, seed=1)
        batches = batches_of(paths, count=plan.requests, seed=2)
        found = await run_mixed(self._service, warm, references, clients=MIXED_CLIENTS)
        before_bytes = self._service.rss_bytes()
        found += await run_mixed(self._service, batches, references, clients=MIXED_CLIENTS)
        after_bytes = self._service.rss_bytes()
        return Soak(plan.requests, MIXED_CLIENTS, before_bytes, after_bytes, found)

    async def _driven(self, request: Request, count: int, clients: int) -> Drive:
        """Raises BenchmarkFailed unless every batch is answered."""
        drive = await self._service.driven([request] * count, clients=clients)
        refused = [answer for answer in drive.answers if answer.status != 200]
        if refused:
            raise BenchmarkFailed(f"{refused[0].status}: {refused[0].content[:300]!r}")
        return drive

    async def _text_latencies(self, count: int) -> list[float]:
        answers = [await self._service.asked_text(f"a photo of {turn}") for turn in range(count)]
        return [answer.latency_s for answer in answers]

    def _ppms(self, batch: int) -> Request:
        return request_of([(f"{number}", self._ppm) for number in range(batch)])

    def _large_batch(self) -> int:
        return min(max(self._plan.batches), self.capabilities.safe_clip_batch)
