"""Judges the hits of a text by the calibration of the generation that they are of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

import numpy as np
from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    BEST_HITS,
    Judge,
    is_noise,
)
from ingestion_orchestration_fastapi_app.ports.ledger.calibrations import CalibrationRepository
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

_KEPT = 8  # generations: some megabytes each
_A_STEP = 200  # of a list that is cut: it ends where none of so many is relevant
_THREADS = 1
_NONE_KNOWN: Mapping[UUID, Vector] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Judged:
    """`relevances` by id; `nothing_relevant` is None where it was not looked at. `is_end`: of a
    list that was cut, that it was not looked at to its end.
    """

    relevances: dict[UUID, float]
    nothing_relevant: bool | None = None
    is_end: bool = False


class Judging:
    """`calibrated` says whether an evaluation has run with the model, so that its figures may be
    relied on.
    """

    def __init__(self, calibrations: CalibrationRepository, store: VectorStore) -> None:
        self._calibrations = calibrations
        self._store = store
        self._judges: OrderedDict[int, Judge] = OrderedDict()
        self._forgotten = 0  # times: a judge that was read before the last one is not kept
        self._threads = CapacityLimiter(_THREADS)

    def forget(self, generation_id: int) -> None:
        """Its calibration is another now."""
        self._judges.pop(generation_id, None)
        self._forgotten += 1

    async def calibrated(self, active: Generation) -> bool:
        return await self._calibrations.is_evaluated(active.fingerprint)

    async def suggested_cut(self, active: Generation) -> float | None:
        """The least relevance that the model's last evaluation proposed to cut at, if it did."""
        return await self._calibrations.suggested_cut(active.fingerprint)

    async def judged(
        self,
        active: Generation,
        text: Vector,
        hits: Mapping[UUID, Vector],
        *,
        best: Sequence[UUID] | None,
    ) -> Judged | None:
        """Of these hits, whose vectors are read where they are empty. `best` are the first of all
        that were found, at least BEST_HITS or all: by them it is told whether anything is relevant.
        None without a calibration.
        """
        judge = await self._judge(active)
        if judge is None:
            return None
        ids = [*hits, *(best or ())]
        relevances = await self._relevances(judge, active, text, ids, known=hits)
        nothing = None
        if best is not None:
            of_best = [relevances[one] for one in best[:BEST_HITS] if one in relevances]
            nothing = is_noise(np.asarray(of_best))
        return Judged(relevances, nothing)

    async def relevant(
        self, active: Generation, text: Vector, ids: Sequence[UUID], *, least: float
    ) -> Judged | None:
        """Of a list by cosine, those that are at least as relevant, to where none is any more."""
        judge = await self._judge(active)
        if judge is None:
            return None
        kept: dict[UUID, float] = {}
        for start in range(0, len(ids), _A_STEP):
            step = ids[start : start + _A_STEP]
            relevances = await self._relevances(judge, active, text, step)
            passed = {one: found for one, found in relevances.items() if found >= least}
            kept |= passed
            if not passed:
                return Judged(kept, is_end=True)
        return Judged(kept)

    async def _judge(self, active: Generation) -> Judge | None:
        known = self._judges.get(active.id)
        if known is not None:
            self._judges.move_to_end(active.id)
            return known
        forgotten = self._forgotten
        kept = await self._calibrations.find(active.id)
        texts = await self._calibrations.neutral_texts(active.fingerprint)
        if kept is None or texts is None or texts.digest != kept.texts:
            return None
        judge = await to_thread.run_sync(Judge.of, kept, texts, limiter=self._threads)
        if forgotten != self._forgotten:
            return judge
        self._judges[active.id] = judge
        if len(self._judges) > _KEPT:
            self._judges.popitem(last=False)
        return judge

    async def _relevances(
        self,
        judge: Judge,
        active: Generation,
        text: Vector,
        ids: Sequence[UUID],
        *,
        known: Mapping[UUID, Vector] = _NONE_KNOWN,
    ) -> dict[UUID, float]:
        """What was deleted meanwhile is left out."""
        vectors = {one: vector for one, vector in known.items() if len(vector)}
        absent = [one for one in dict.fromkeys(ids) if one not in vectors]
        if absent:
            vectors |= await self._store.vectors(active.table, absent)
        if not vectors:
            return {}
        stacked = np.stack(list(vectors.values()))
        found = await to_thread.run_sync(judge.relevance, text, stacked, limiter=self._threads)
        return {one: float(relevance) for one, relevance in zip(vectors, found, strict=True)}
