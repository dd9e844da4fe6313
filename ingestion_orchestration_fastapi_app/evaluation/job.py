"""One evaluation, from its start or from where it was, to its figures."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import numpy as np
from anyio import CapacityLimiter, to_thread
from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import (
    AskedText,
    CaptionsUnreadableError,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.caption_files import (
    classes_of,
    texts_of,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.figures import rank_of
from ingestion_orchestration_fastapi_app.domain.evaluation.tally import Tally
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import BEST_HITS
from ingestion_orchestration_fastapi_app.errors import InferenceFault
from ingestion_orchestration_fastapi_app.evaluation.pictures import (
    Ends,
    Pictures,
    TooManyPicturesError,
    pictures_of,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import query_vector, text_ask
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from utils.contract import ErrorCode, EvaluateOptions, JobState
from utils.problems import Problem

EVALUATE = "evaluate"
SAVE_EVERY = 100  # texts
NONSENSE = 200
CUT = 0.5
_FIRST = 10
_THREADS = 1
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
class Evaluate:
    """The kind `evaluate`. It reads, and runs beside all else.

    `read_captions` gives the text of a file in a folder that may be imported; it raises a Problem
    where there is none.
    """

    collections: Collections
    pool: InferencePool
    calibrating: Calibrating
    judging: Judging
    read_captions: Callable[[str], Awaitable[str]]
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    @property
    def kind(self) -> Kind[EvaluateOptions]:
        return Kind(EVALUATE, EvaluateOptions, self.run, lambda _: None)

    async def run(self, scope: JobScope, options: EvaluateOptions) -> Ending | None:
        """None: it was stopped, and goes on where it was."""
        with scope.stop.interruptible():
            collection = await self.collections.by_id(scope.record.collection_id)
            if collection.active is None:
                raise JobFailedError(
                    ErrorCode.VALIDATION, "The collection is empty: import its images first."
                )
            await self._evaluation(scope, options, collection)
            return Ending(JobState.COMPLETED)
        return None

    async def _evaluation(
        self, scope: JobScope, options: EvaluateOptions, collection: CollectionRecord
    ) -> None:
        try:
            await self.calibrating.renew(collection.name)  # else the cut is not known yet
        except InferenceFault as exc:
            scope.progress.warn(f"relevance could not be calibrated: {exc}")
        try:
            pictures = await pictures_of(scope.ports.store, collection)
            texts = await self._texts(options, pictures)
            ends = await to_thread.run_sync(Ends, pictures.paths, limiter=self.threads)
            asked = await to_thread.run_sync(_with_an_image, texts, ends, limiter=self.threads)
            table = collection.bound().table
            digest = await to_thread.run_sync(_digest, table, asked, limiter=self.threads)
        except (CaptionsUnreadableError, TooManyPicturesError) as exc:
            raise JobFailedError(ErrorCode.VALIDATION, f"{exc}".capitalize()) from exc
        except Problem as exc:
            raise JobFailedError(exc.code, exc.detail) from exc
        without = len(texts) - len(asked)
        run = _Run(self, scope, collection, pictures, ends, asked, without, digest)
        await run.whole()

    async def _texts(self, options: EvaluateOptions, pictures: Pictures) -> tuple[AskedText, ...]:
        if options.captions_path is None:
            return await to_thread.run_sync(classes_of, pictures.paths, limiter=self.threads)
        content = await self.read_captions(options.captions_path)
        return await to_thread.run_sync(texts_of, content, limiter=self.threads)


class _Run:
    def __init__(
        self,
        kind: Evaluate,
        scope: JobScope,
        collection: CollectionRecord,
        pictures: Pictures,
        ends: Ends,
        asked: Sequence[AskedText],
        without_image: int,
        digest: str,
    ) -> None:
        self._kind, self._scope, self._pictures, self._ends = kind, scope, pictures, ends
        self._active: Generation = collection.bound()
        self._asked, self._without_image = asked, without_image
        kept = scope.record.checkpoint.position
        self._position = Position(asked=digest)
        if kept is not None and (position := _POSITION.validate_python(kept)).asked == digest:
            self._position = position

    async def whole(self) -> None:
        if not self._asked:
            raise JobFailedError(
                ErrorCode.VALIDATION, "None of the captions is of an image of the collection."
            )
        progress, position = self._scope.progress, self._position
        progress.total = len(self._asked) + NONSENSE
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
            calibrations.set_evaluated, self._active.fingerprint, self._scope.job_id
        )
        await self._scope.until_stored(evaluated)
        await self._save()

    async def _next(self) -> None:
        done, tally = self._position.done, self._position.tally
        if done < len(self._asked):
            text = self._asked[done]
            await self._count(text, await self._vector(text.text))
            return
        vector = await self._vector(nonsense(done - len(self._asked)))
        hits = await self._hits(vector)
        judged = await self._kind.judging.judged(self._active, vector, hits, best=list(hits))
        if judged is not None:
            tally.nonsense += 1
            tally.rejected += judged.nothing_relevant is True

    async def _count(self, text: AskedText, vector: Vector) -> None:
        tally, pictures, threads = self._position.tally, self._pictures, self._kind.threads
        places = await to_thread.run_sync(self._ends.places, text.images, limiter=threads)
        rank, first = await to_thread.run_sync(_ranked, pictures, vector, places, limiter=threads)
        tally.add_rank(text, rank, pixel_source=pictures.pixel_sources[places[0]])
        hits = await self._hits(vector)
        ids = list(hits)
        tally.exact += len(first)
        tally.same += len({pictures.ids[at] for at in first} & set(ids[:_FIRST]))
        judged = await self._kind.judging.judged(self._active, vector, hits, best=ids)
        if judged is not None:
            fitting = {pictures.ids[at] for at in places}
            shown = [one for one in ids[:_FIRST] if one in judged.relevances]
            kept = [not judged.nothing_relevant and judged.relevances[one] >= CUT for one in shown]
            tally.add_cut(kept, [one in fitting for one in shown])

    async def _hits(self, vector: Vector) -> dict[UUID, Vector]:
        store = self._scope.ports.store
        hits = await store.search(self._active.table, vector, limit=BEST_HITS, vectors=True)
        return {hit.point.id: hit.point.vector for hit in hits}

    async def _vector(self, text: str) -> Vector:
        """However long nobody answers."""
        while True:
            try:
                answer = await query_vector(
                    self._kind.pool,
                    self._active.fingerprint,
                    text_ask(text),
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
            "images": len(self._pictures.ids),
            "texts": min(self._position.done, len(self._asked)),
            "texts without an image": self._without_image,
        }
        report.figures = self._position.tally.figures()
        kept = _POSITION.dump_python(self._position, mode="json")
        await self._scope.save(Checkpoint(kept, dict(report.json())))


def _with_an_image(texts: Sequence[AskedText], ends: Ends) -> list[AskedText]:
    return [one for one in texts if ends.holds(one.images)]


def _digest(table: str, asked: Sequence[AskedText]) -> str:
    found = hashlib.sha256(table.encode())
    for one in asked:
        found.update(repr((one.text, sorted(one.images), one.language)).encode())
    return found.hexdigest()


def _ranked(pictures: Pictures, vector: Vector, places: Sequence[int]) -> tuple[int, list[int]]:
    """The rank of the best that fits, and the places of the exact first ten. Blocking."""
    scores = pictures.vectors @ vector
    first = np.argsort(-scores, kind="stable")[:_FIRST]
    return rank_of(scores, places), first.tolist()


def nonsense(number: int) -> str:
    """Letters, one to three words of three to nine: always the same, and none that is shipped."""
    letters = hashlib.sha256(f"nonsense {number}".encode()).digest()
    words, at = [], 0
    for _ in range(1 + number % 3):
        length = 3 + letters[at] % 7
        words.append("".join(chr(97 + one % 26) for one in letters[at + 1 : at + 1 + length]))
        at += 1 + length
    return " ".join(words)
