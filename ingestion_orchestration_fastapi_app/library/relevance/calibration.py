"""Makes what relevance is told by, beside all else, and renews it as a collection grows."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import numpy as np
import structlog
from anyio import CapacityLimiter, Lock, current_time, sleep, to_thread

from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    BEST_HITS,
    LEAST_POINTS,
    SAMPLE_POINTS,
    Calibration,
    NeutralTexts,
    nearest,
    noises,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ingestion_orchestration_fastapi_app.errors import InferenceFault, StoreRead
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import query_vector, text_ask
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import (
    ShippedTexts,
    shipped_texts,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)

CHECK_S = 30.0
_QUERY_TIMEOUT_S = 30.0
_THREADS = 1
_READ_AT_ONCE = 256  # vectors


class Calibrating:
    """One collection after the other, one text at a time: a search waits for one of them at most.

    Texts whose vectors an inference service has given are not asked for again while the process
    lives; all of them together are kept in the ledger, once for each model.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        pool: InferencePool,
        collections: Collections,
        judging: Judging,
        *,
        sample_points: int = SAMPLE_POINTS,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._pool = pool
        self._collections = collections
        self._judging = judging
        self._sample_points = sample_points
        self._threads = CapacityLimiter(_THREADS)
        self._heard: dict[str, list[Vector]] = {}  # of texts of a model, so far
        self._served: dict[int, int] = {}  # of a generation: its points when its own served it
        self._one_at_a_time = Lock()  # an evaluation asks for it, too: both would add to one list

    async def serve(self) -> None:
        while True:
            await sleep(CHECK_S)
            await self.renew_all()

    async def renew_all(self) -> None:
        """Raises nothing: what cannot be made now is made in a later round."""
        try:
            collections = await self._ledger.collections.list_all()
        except Problem as exc:
            log.info("not_calibrated", error=exc.detail)
            return
        known = {one.active.id for one in collections if one.active is not None}
        self._served = {id_: points for id_, points in self._served.items() if id_ in known}
        for collection in collections:
            try:
                await self.renew(collection.name)
            except (Problem, InferenceFault) as exc:
                log.info("not_calibrated", collection=collection.name, error=str(exc))
            except Exception:  # a bug, too: nothing else depends on it
                log.exception("not_calibrated", collection=collection.name)

    async def renew(self, name: str) -> bool:
        """Whether it had to be made. Raises CollectionNotFound, StoreRead, StoreWrite;
        InferenceFault, ModelMismatch.
        """
        async with self._one_at_a_time, self._collections.reading(name) as collection:
            active = collection.active
            if active is None:
                return False
            points = (await self._store.size(active.table)).points
            if points < LEAST_POINTS or self._served.get(active.id) == points:
                return False
            shipped = await to_thread.run_sync(shipped_texts, limiter=self._threads)
            kept = await self._ledger.calibrations.find(active.id)
            if kept is not None and kept.serves(texts=shipped.digest, points=points):
                self._served[active.id] = points
                return False
            texts = await self._neutral_texts(active.fingerprint, shipped)
            made = await self._made(active, texts, points)
            await self._ledger.calibrations.keep(active.id, made)
            self._judging.forget(active.id)
            log.info("calibrated", collection=name, points=points, noises=made.noises)
            return True

    async def _neutral_texts(self, fingerprint: str, shipped: ShippedTexts) -> NeutralTexts:
        known = await self._ledger.calibrations.neutral_texts(fingerprint)
        if known is not None and known.digest == shipped.digest:
            return known
        heard = self._heard.setdefault(fingerprint, [])
        for text in shipped.all_of_them[len(heard) :]:
            answer = await query_vector(
                self._pool, fingerprint, text_ask(text), timeout_s=_QUERY_TIMEOUT_S
            )
            heard.append(answer.vector)
        vectors, number = np.stack(heard), len(shipped.sentences)
        made = NeutralTexts(shipped.digest, vectors[:number], vectors[number:])
        await self._ledger.calibrations.keep_neutral_texts(fingerprint, made)
        del self._heard[fingerprint]
        return made

    async def _made(self, active: Generation, texts: NeutralTexts, points: int) -> Calibration:
        sample = await self._sample(active)
        if points <= self._sample_points:  # they are all there
            of_sentences, of_nonsense = await to_thread.run_sync(
                _nearest_in, texts, sample, limiter=self._threads
            )
        else:
            of_sentences = [await self._hits(active, text) for text in texts.sentences]
            of_nonsense = [await self._hits(active, text) for text in texts.nonsense]
        made = partial(noises, texts, sample, of_sentences=of_sentences, of_nonsense=of_nonsense)
        found = await to_thread.run_sync(made, limiter=self._threads)
        return Calibration(texts.digest, points, sample, found)

    async def _sample(self, active: Generation) -> Matrix:
        """Those with the lowest ids, which are hashes: any of them as likely as another, and mostly
        the same when it is made again. Rounded as they are kept.
        """
        chosen: list[UUID] = []
        async for ids in self._store.ids(active.table):
            chosen = heapq.nsmallest(self._sample_points, {*chosen, *ids}, key=_mark)
        groups = [
            await self._vectors(active, chosen[start : start + _READ_AT_ONCE])
            for start in range(0, len(chosen), _READ_AT_ONCE)
        ]
        halves = np.concatenate(groups).astype(np.float16)
        return halves.astype(np.float32)

    async def _hits(self, active: Generation, text: Vector) -> Matrix:
        """Rests as long as it took: searches of people come first."""
        began_s = current_time()
        hits = await self._store.candidates(active.table, text, limit=BEST_HITS)
        vectors = await self._vectors(active, [hit.id for hit in hits])
        await sleep(current_time() - began_s)
        return vectors

    async def _vectors(self, active: Generation, ids: Sequence[UUID]) -> Matrix:
        """Raises StoreRead where none is there any more."""
        found = await self._store.vectors(active.table, ids)
        if not found:
            raise StoreRead("The images were removed while they were looked at.")
        return np.stack([found[one] for one in ids if one in found])


def _nearest_in(texts: NeutralTexts, sample: Matrix) -> tuple[list[Matrix], list[Matrix]]:
    return nearest(texts.sentences, sample), nearest(texts.nonsense, sample)


def _mark(one: UUID) -> bytes:
    return one.bytes[8:]
