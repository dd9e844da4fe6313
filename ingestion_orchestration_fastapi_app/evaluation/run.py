"""One run of an evaluation: each text is asked for, and what it finds is counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import numpy as np
from anyio import CapacityLimiter, to_thread
from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import (
    AskedText,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.figures import rank_of
from ingestion_orchestration_fastapi_app.domain.evaluation.nonsense import NONSENSE, nonsense
from ingestion_orchestration_fastapi_app.domain.evaluation.tally import Tally
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import BEST_HITS
from ingestion_orchestration_fastapi_app.domain.search.templates import texts_for
from ingestion_orchestration_fastapi_app.errors import InferenceFault
from ingestion_orchestration_fastapi_app.evaluation.pictures import (
    Ends,
    Pictures,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import query_vector, texts_ask
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judged, Judging
from ingestion_orchestration_fastapi_app.library.searching.query import Query, Subject
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from utils.contract import ErrorCode
from utils.contract.search import SearchMode
from utils.problems import Problem

SAVE_EVERY = 100  # texts
CUT = 0.5
_FIRST = 10
_QUERY_TIMEOUT_S = 30.0
_WAIT_S = 5.0


@dataclass(slots=True)
class Position:
    """`done`: texts, and then nonsense, that are behind it. `asked` says which texts they are, and
    of which table: of others it is of no use.
    """

    done: int = 0
    asked: str = ""
    tally: Tally = field(default_factory=Tally)


_POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Asked:
    """The texts of which an image is there, and their collection's pictures.

    `digest` is of the texts and the table: another one begins anew.
    """

    collection: CollectionRecord
    pictures: Pictures
    ends: Ends
    texts: Sequence[AskedText]
    without_image: int
    digest: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What finds and judges."""

    pool: InferencePool
    judging: Judging
    search: Search
    threads: CapacityLimiter


class Run:
    def __init__(self, tools: Tools, scope: JobScope, asked: Asked) -> None:
        self._tools, self._scope, self._asked = tools, scope, asked
        self._active: Generation = asked.collection.bound()
        self._about: dict[str, str] = {}
        kept = scope.record.checkpoint.position
        self._position = Position(asked=asked.digest)
        if kept is not None and (position := _POSITION.validate_python(kept)).asked == asked.digest:
            self._position = position

    async def whole(self) -> None:
        """Raises JobFailedError."""
        if not self._asked.texts:
            raise JobFailedError(
                ErrorCode.VALIDATION, "None of the captions is of an image of the collection."
            )
        self._about = await self._described()
        progress, position = self._scope.progress, self._position
        progress.total = len(self._asked.texts) + NONSENSE
        progress.done = position.done
        while position.done < progress.total:
            with progress.busy("texts"):
                await self._next()
            position.done += 1
            progress.done = position.done
            if position.done % SAVE_EVERY == 0:
                await self._save()
        calibrations = self._scope.ports.ledger.calibrations
        evaluated = partial(
            calibrations.set_evaluated,
            self._active.fingerprint,
            self._scope.job_id,
            templates_help=self._position.tally.templated.helps,
            suggested_cut=self._position.tally.cuts.suggested(),
        )
        await self._scope.until_stored(evaluated)
        await self._save()

    async def _described(self) -> dict[str, str]:
        """What answers, so that reports can be compared. A model's dtype is its service's."""
        about = {"model": self._active.model, "fingerprint": self._active.fingerprint}
        told = await self._tools.pool.likely_capabilities(self._active.fingerprint)
        if told is not None and told.clip.fingerprint == self._active.fingerprint:
            about |= {
                "dtype": told.clip.dtype,
                "backend": told.clip.backend,
                "device": told.device,
            }
        return about

    async def _next(self) -> None:
        done, tally = self._position.done, self._position.tally
        if done < len(self._asked.texts):
            await self._count(self._asked.texts[done])
            return
        text = nonsense(done - len(self._asked.texts))
        judged = await self._judged(await self._vector([text]))
        if judged is None:
            return
        tally.nonsense += 1
        tally.rejected += judged.nothing_relevant is True
        tally.cuts.add_nonsense(max(judged.relevances.values(), default=0.0))
        texts = texts_for(text)
        if len(texts) > 1:
            templated = await self._judged(await self._vector(texts))
            tally.templated.nonsense += 1
            tally.templated.rejected += templated is not None and templated.nothing_relevant is True

    async def _judged(self, vector: Vector) -> Judged | None:
        """None where nobody can tell."""
        hits = await self._hits(vector)
        return await self._tools.judging.judged(self._active, vector, hits, best=list(hits))

    async def _count(self, text: AskedText) -> None:
        tally, pictures = self._position.tally, self._asked.pictures
        threads = self._tools.threads
        vector = await self._vector([text.text])
        places = await to_thread.run_sync(self._asked.ends.places, text.images, limiter=threads)
        rank, first = await to_thread.run_sync(_ranked, pictures, vector, places, limiter=threads)
        tally.add_rank(text, rank, pixel_source=pictures.pixel_sources[places[0]])
        hits = await self._hits(vector)
        ids = list(hits)
        tally.exact += len(first)
        tally.same += len({pictures.ids[at] for at in first} & set(ids[:_FIRST]))
        fitting = {pictures.ids[at] for at in places}
        await self._count_templated(text, places, is_first=rank == 1)
        await self._count_fused(text.text, vector, fitting)
        judged = await self._tools.judging.judged(self._active, vector, hits, best=ids)
        if judged is not None:
            shown = [one for one in ids[:_FIRST] if one in judged.relevances]
            is_nothing = judged.nothing_relevant is True
            relevances = [judged.relevances[one] for one in shown]
            fits = [one in fitting for one in shown]
            tally.add_cut([not is_nothing and one >= CUT for one in relevances], fits)
            tally.cuts.add(relevances, fits, finds_nothing=is_nothing)

    async def _count_templated(
        self, text: AskedText, places: Sequence[int], *, is_first: bool
    ) -> None:
        texts = texts_for(text.text)
        if len(texts) == 1:
            return
        vector = await self._vector(texts)
        ranked = partial(_ranked, self._asked.pictures, vector, places)
        rank, _ = await to_thread.run_sync(ranked, limiter=self._tools.threads)
        self._position.tally.templated.add(plain=is_first, templated=rank == 1)

    async def _count_fused(self, text: str, vector: Vector, fitting: Collection[UUID]) -> None:
        """By a search as people's are, but for its vector, which is known."""

        async def known(_: CollectionRecord, active: Generation) -> QueryVector:
            return QueryVector(vector, active.fingerprint)

        query = Query(
            self._asked.collection.name,
            limit=_FIRST,
            offset=0,
            filters=NO_FILTERS,
            min_score=None,
            mode=SearchMode.HYBRID,
        )
        found = await self._tools.search.found(query, Subject(("text", text), known, text))
        if found.mode is SearchMode.HYBRID:
            self._position.tally.add_fused([hit.point.id in fitting for hit in found.hits])

    async def _hits(self, vector: Vector) -> dict[UUID, Vector]:
        store = self._scope.ports.store
        hits = await store.search(self._active.table, vector, limit=BEST_HITS, vectors=True)
        return {hit.point.id: hit.point.vector for hit in hits}

    async def _vector(self, texts: Sequence[str]) -> Vector:
        """Of one text, or the mean of several; however long nobody answers."""
        while True:
            try:
                answer = await query_vector(
                    self._tools.pool,
                    self._active.fingerprint,
                    texts_ask(texts),
                    timeout_s=_QUERY_TIMEOUT_S,
                )
            except InferenceFault as exc:
                with self._scope.progress.blocked(ErrorCode.ML_UNAVAILABLE, str(exc)):
                    await self._scope.stop.wait(at_most_s=_WAIT_S)
            except Problem as exc:
                raise JobFailedError(exc.code, exc.detail) from exc
            else:
                return answer.vector

    async def _save(self) -> None:
        report: Report = report_of(None)
        report.numbers = {
            "images": len(self._asked.pictures.ids),
            "texts": min(self._position.done, len(self._asked.texts)),
            "texts without an image": self._asked.without_image,
        }
        report.figures = self._position.tally.figures()
        report.about = self._about
        kept = _POSITION.dump_python(self._position, mode="json")
        await self._scope.save(Checkpoint(kept, dict(report.json())))


def _ranked(pictures: Pictures, vector: Vector, places: Sequence[int]) -> tuple[int, list[int]]:
    """The rank of the best that fits, and the places of the exact first ten. Blocking."""
    scores = pictures.vectors @ vector
    first = np.argsort(-scores, kind="stable")[:_FIRST]
    return rank_of(scores, places), first.tolist()
