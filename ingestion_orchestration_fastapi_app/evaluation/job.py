"""One evaluation, from its start or from where it was, to its figures."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import (
    AskedText,
    CaptionsUnreadableError,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.caption_files import (
    classes_of,
    texts_of,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import InferenceFault
from ingestion_orchestration_fastapi_app.evaluation.pictures import (
    Ends,
    Pictures,
    TooManyPicturesError,
    pictures_of,
)
from ingestion_orchestration_fastapi_app.evaluation.run import Asked, Run, Tools
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from utils.contract import ErrorCode, EvaluateOptions, JobEffect, JobState
from utils.contract.warnings import WarningCode
from utils.problems import Problem

EVALUATE = "evaluate"
_THREADS = 1


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
    search: Search
    read_captions: Callable[[str], Awaitable[str]]
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    @property
    def kind(self) -> Kind[EvaluateOptions]:
        described = KindDescription(
            "Measures how well searches find what captions, or the names of folders, describe.",
            JobEffect.NOTHING,
        )
        return Kind(EVALUATE, EvaluateOptions, self.run, lambda _: None, described=described)

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
            scope.progress.warn(WarningCode.NOT_CALIBRATED, reason=str(exc))
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
        tools = Tools(self.pool, self.judging, self.search, self.threads)
        what = Asked(collection, pictures, ends, asked, without, digest)
        await Run(tools, scope, what).whole()

    async def _texts(self, options: EvaluateOptions, pictures: Pictures) -> tuple[AskedText, ...]:
        if options.captions_path is None:
            return await to_thread.run_sync(classes_of, pictures.paths, limiter=self.threads)
        content = await self.read_captions(options.captions_path)
        return await to_thread.run_sync(texts_of, content, limiter=self.threads)


def _with_an_image(texts: Sequence[AskedText], ends: Ends) -> list[AskedText]:
    return [one for one in texts if ends.holds(one.images)]


def _digest(table: str, asked: Sequence[AskedText]) -> str:
    found = hashlib.sha256(table.encode())
    for one in asked:
        found.update(repr((one.text, sorted(one.images), one.language)).encode())
    return found.hexdigest()
