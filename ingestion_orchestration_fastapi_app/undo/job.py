"""One undoing of a job's removals, from its start or from where it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.imports import FILES_LANE
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example, Report, report_of
from ingestion_orchestration_fastapi_app.domain.jobs.undoing import UNDO
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.trash.restoring import Left
from ingestion_orchestration_fastapi_app.domain.trash.trashed import OfJob, Trashed
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.trash.restoring import Outcome, Restoring
from utils.contract import JobEffect, JobState, UndoOptions
from utils.contract.warnings import SENTENCES, WarningCode

_LEFT = {left: WarningCode[f"LEFT_{left.name}"] for left in Left}


@dataclass(frozen=True, slots=True)
class Undo:
    """The kind `undo`. It shares the imports' lane: none of them runs beside it."""

    collections: Collections
    restoring: Restoring

    @property
    def kind(self) -> Kind[UndoOptions]:
        described = KindDescription(
            "Brings back the images that a job has removed.",
            JobEffect.COLLECTION,
            lane=FILES_LANE,
        )
        return Kind(UNDO, UndoOptions, self.run, lambda _: FILES_LANE, described=described)

    async def run(self, scope: JobScope, options: UndoOptions) -> Ending | None:
        """None: it was stopped, and goes on where it was."""
        collection = await self.collections.by_id(scope.record.collection_id)
        await self._prepare(scope, collection)
        run = await _begun(scope, options)
        scope.progress.warn(WarningCode.STILL_GONE)
        while not scope.stop.asked:
            with scope.progress.busy("restore"):
                outcome = await scope.until_stored(partial(self._group, run, collection.id))
            if outcome.last is None:
                await self._maintain(scope, collection)
                run.say()
                return Ending(JobState.COMPLETED)
            run = run.after(outcome)
        return None

    async def _group(self, run: _Run, collection_id: int) -> Outcome:
        async with self.collections.writers.of(collection_id):
            return await self.restoring.group(
                collection_id, run.which, after=run.position, account=run.account
            )

    async def _prepare(self, scope: JobScope, collection: CollectionRecord) -> None:
        """As before an import: what is damaged goes first, and words have a table."""
        if collection.active is None:
            return
        lost = await scope.until_stored(partial(self.collections.tables.mend, collection))
        prepare = partial(self.collections.words.prepare, collection, is_known=lost is None)
        await scope.until_stored(prepare)

    async def _maintain(self, scope: JobScope, collection: CollectionRecord) -> None:
        """What an index does not hold is looked at by each search, until it does."""
        active = (await self.collections.by_id(collection.id)).active
        if active is None:
            return
        ports = scope.ports
        upkeep = partial(ports.store.upkeep, active.table, indexing=False)
        version = await scope.until_stored(upkeep)
        if version is not None:
            put = ports.ledger.generations.set_synced_version
            await scope.until_stored(partial(put, active.id, version, only_newer=True))
        await scope.until_stored(partial(self.collections.words.upkeep, collection))
        await self.collections.words.settle(collection)


@dataclass(frozen=True, slots=True)
class _Run:
    """How far it is, and what it found so far: kept with each group, in one step."""

    scope: JobScope
    which: OfJob
    position: int
    done: int
    report: Report

    def account(self, outcome: Outcome) -> tuple[str, Checkpoint, SavedProgress]:
        then = self.after(outcome)
        checkpoint = Checkpoint(
            {"after": then.position, "done": then.done}, dict(then.report.json())
        )
        return self.scope.job_id, checkpoint, self.scope.progress.saved()

    def after(self, outcome: Outcome) -> _Run:
        report = report_of(self.report.json())  # a group may be tried again
        numbers = report.numbers
        numbers["restored"] = numbers.get("restored", 0) + outcome.searchable
        waiting = len(outcome.back) - outcome.searchable
        numbers["without_vector"] = numbers.get("without_vector", 0) + waiting
        for one, why in outcome.left:
            report.add(why, _example(one, why))
        done = self.done + len(outcome.back) + len(outcome.left)
        self.scope.progress.done = done
        last = self.position if outcome.last is None else outcome.last
        return replace(self, position=last, done=done, report=report)

    def say(self) -> None:
        """What is not as it was."""
        progress, numbers = self.scope.progress, self.report.numbers
        progress.note("points_restored", str(numbers.get("restored", 0)))
        if waiting := numbers.get("without_vector", 0):
            progress.warn(WarningCode.UNDO_WITHOUT_VECTOR, count=waiting)
        if not_kept := numbers.get("not_kept", 0):
            progress.warn(WarningCode.UNDO_NOT_KEPT, count=not_kept)
        for why, finding in self.report.findings.items():
            progress.warn(_LEFT[Left(why)], count=finding.count)


async def _begun(scope: JobScope, options: UndoOptions) -> _Run:
    """Also over a restart."""
    ledger, kept = scope.ports.ledger, scope.record.checkpoint
    position, report = kept.position, report_of(kept.report)
    after = done = 0
    if isinstance(position, dict):
        after, done = (_number(position[name]) for name in ("after", "done"))
    left = await ledger.trash.count_of_job(options.job_id, after=after)
    if position is None:
        job = await ledger.jobs.find(options.job_id)
        removed = 0 if job is None else job.progress.removed
        report.numbers = {"restored": 0, "not_kept": max(0, removed - left)}
    scope.progress.done, scope.progress.total = done, done + left
    scope.progress.scan_complete = True
    return _Run(scope, OfJob(options.job_id), after, done, report)


def _number(value: object) -> int:
    assert isinstance(value, int), "it is what was kept"
    return value


def _example(one: Trashed, why: Left) -> Example:
    shown = [point.display_path for point in one.points.values()]
    return Example(
        shown[0] if shown else display_text(one.key.path), str(one.point_id), _words(why)
    )


def _words(why: Left) -> str:
    """Of one image: as the warning has it of all."""
    return SENTENCES[_LEFT[why]].partition(" were left: ")[2]
