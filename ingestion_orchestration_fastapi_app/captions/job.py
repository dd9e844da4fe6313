"""One caption job from its start, or from where it was, to its end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from ingestion_orchestration_fastapi_app.captions.account import Account
from ingestion_orchestration_fastapi_app.captions.context import CaptionContext, Concurrency
from ingestion_orchestration_fastapi_app.captions.pictures import CaptionPictures
from ingestion_orchestration_fastapi_app.captions.pipeline import run
from ingestion_orchestration_fastapi_app.domain.captions.records import CAPTION, CAPTIONS_LANE
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.errors import CaptionsUnavailable
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.words.captioning import WordsCaptioning
from ingestion_orchestration_fastapi_app.ports.captioner import (
    CaptionerChangedError,
    CaptionerPort,
    OpenCaptioner,
)
from utils.contract import CaptionOptions, ErrorCode, JobEffect, JobState
from utils.contract.warnings import WarningCode

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class CaptionImages:
    """The kind `caption`. It has a lane of its own, and runs beside imports.

    `captioners`: the first is `auto`. None where captions are switched off.
    """

    collections: Collections
    pictures: CaptionPictures
    captioners: Sequence[CaptionerPort]
    concurrency: Concurrency

    @property
    def kind(self) -> Kind[CaptionOptions]:
        workers = {"load": self.concurrency.load_workers}
        described = KindDescription(
            "Makes captions of images that have none.",
            JobEffect.COLLECTION,
            lane=CAPTIONS_LANE,
        )
        return Kind(
            CAPTION, CaptionOptions, self.run, lambda _: CAPTIONS_LANE, workers, described=described
        )

    async def run(self, scope: JobScope, options: CaptionOptions) -> Ending | None:
        """None: it was stopped. What was captioned stays, and is not captioned again."""
        while True:
            try:
                return await self._run(scope, options)
            except* CaptionerChangedError:
                scope.progress.note("captioner_changed", "another captioner answers, it goes on")
            except* CaptionsUnavailable as exc:
                why = str(_first(exc))
                raise JobFailedError(ErrorCode.CAPTIONS_UNAVAILABLE, why) from exc

    async def _run(self, scope: JobScope, options: CaptionOptions) -> Ending | None:
        filters = filters_of(options.filters)
        async with AsyncExitStack() as stack:
            opened: OpenCaptioner | None = None
            with scope.stop.interruptible():
                await self._prepare(scope, filters)
                opening = self._captioner(options).opened(scope.progress)
                opened = await stack.enter_async_context(opening)
            if opened is None:
                return None
            return await self._captioned(scope, options, filters, opened)

    async def _prepare(self, scope: JobScope, filters: Filters) -> None:
        """Filters are asked of the catalogue, which may have to be filled first, as after an
        update.
        """
        collection = await self.collections.by_id(scope.record.collection_id)
        if collection.active is None:
            raise JobFailedError(
                ErrorCode.VALIDATION, "The collection is empty: import its images first."
            )
        catalogue = self.collections.catalogue
        if filters != Filters() and not catalogue.is_whole(collection):
            with scope.progress.busy("catalogue"):
                await scope.until_stored(partial(catalogue.fill, collection))

    def _captioner(self, options: CaptionOptions) -> CaptionerPort:
        for one in self.captioners:
            if options.captioner in (AUTO, one.name):
                return one
        if not self.captioners:
            why = "captions are switched off (DISABLE_CAPTIONS)."
        else:
            why = f"there is no captioner {options.captioner!r}: set CAPTION_URL, and start again."
        raise JobFailedError(ErrorCode.CAPTIONS_UNAVAILABLE, why)

    async def _captioned(
        self,
        scope: JobScope,
        options: CaptionOptions,
        filters: Filters,
        opened: OpenCaptioner,
    ) -> Ending | None:
        captioner, progress, ledger = opened.captioner, scope.progress, scope.ports.ledger
        collection = await self.collections.by_id(scope.record.collection_id)
        record = await ledger.jobs.find(scope.job_id) or scope.record  # a run before wrote to it
        job = CaptionContext(
            scope=scope,
            options=options,
            filters=filters,
            collections=self.collections,
            captioning=WordsCaptioning(self.collections.words),
            pictures=self.pictures,
            opened=opened,
            account=Account.of(record.checkpoint),
            began=record.started_at,
            concurrency=self.concurrency,
            writer=partial(self.collections.writers.of, collection.id),
        )
        progress.note("captioner", f"{captioner.model} ({captioner.fingerprint})")
        if captioner.recipient is not None:
            progress.warn(WarningCode.PICTURES_SENT, recipient=captioner.recipient)
        named = partial(ledger.captions.name_captioner, captioner.fingerprint, captioner.model)
        await scope.until_stored(named)
        lacking = await ledger.captions.count_lacking(collection.id, job.wanted(collection))
        progress.total, progress.done = job.account.made + lacking, job.account.made
        progress.scan_complete = True
        await run(job)
        await self.collections.words.settle(await self.collections.by_id(collection.id))
        if scope.stop.asked:
            return None
        await scope.save(job.account.checkpoint(progress))
        progress.total = progress.done
        return Ending(JobState.COMPLETED, job.account.words(captioner))


def _first(group: BaseExceptionGroup[CaptionsUnavailable]) -> BaseException:
    exc: BaseException = group
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return exc
