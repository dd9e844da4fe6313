"""One dry run, from its start to its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingestion_orchestration_fastapi_app.domain.dry_run.sample import Fate, Sample
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, display_text
from ingestion_orchestration_fastapi_app.domain.files.roots import new_root
from ingestion_orchestration_fastapi_app.domain.jobs.dry_runs import DRY_RUN
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    IngestOptions,
    ScanPart,
    scanned_parts,
    whole_parts,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report
from ingestion_orchestration_fastapi_app.domain.library.collection import (
    NO_COLLECTION,
    CollectionRecord,
)
from ingestion_orchestration_fastapi_app.dry_run.costs import Costs
from ingestion_orchestration_fastapi_app.dry_run.looking import DryLook
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.start import until_known
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext, Scanned
from ingestion_orchestration_fastapi_app.ingest.lookups.missing_files import MissingFiles
from ingestion_orchestration_fastapi_app.ingest.lookups.permission import refused
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from utils.contract import DryRunFields, JobEffect, JobState
from utils.contract.warnings import WarningCode

SAMPLE_FILES = 4096
SAMPLE_BYTES = 16 * 2**30  # what a disk of 200 MB/s reads in a minute and a half


@dataclass(frozen=True, slots=True)
class DryRun:
    """The kind `dry_run`. It reads, and runs beside all else."""

    collections: Collections
    pool: InferencePool
    costs: Costs
    read_workers: int
    delete_guard_percent: float
    sample_files: int = SAMPLE_FILES
    sample_bytes: int = SAMPLE_BYTES

    @property
    def kind(self) -> Kind[IngestOptions]:
        workers = {"read": self.read_workers}
        described = KindDescription(
            "Tells what an import would do, how long it takes, and which space it needs.",
            JobEffect.NOTHING,
            asked=DryRunFields,
        )
        return Kind(DRY_RUN, IngestOptions, self.run, lambda _: None, workers, described=described)

    async def run(self, scope: JobScope, options: IngestOptions) -> Ending | None:
        """None: it was stopped. It then begins anew: only its report, at the end, is written."""
        with scope.stop.interruptible():
            return await self._run(scope, options)
        return None

    async def _run(self, scope: JobScope, options: IngestOptions) -> Ending:
        request, ports, progress = scope.request, scope.ports, scope.progress
        progress.done, progress.total, progress.scan_complete = 0, None, False
        parts = scanned_parts(request, recursive=options.recursive)
        refusal = await refused(ports.library, request, parts)
        if refusal is not None:
            return refusal
        collection = await self._collection(scope)
        capabilities = await until_known(
            self.pool,
            fingerprint=collection.fingerprint,
            captions=options.captions,
            notes=progress,
        )
        self.collections.check_model(collection, capabilities)
        with ports.budget.share() as memory:
            look = LookContext(
                scope=scope,
                options=options,
                collection=_with_roots(collection, parts),
                capabilities=capabilities,
                memory=memory,
                scanned=Scanned(),
            )
            sample = Sample(max_files=self.sample_files, max_bytes=self.sample_bytes)
            dry_look = DryLook(look, sample, read_workers=self.read_workers)
            await dry_look.whole()
            tally = dry_look.tally
            await self._count_missing(look, dry_look, sample)
            report = Report(numbers=tally.numbers(sample), findings=tally.findings(sample))
            await self.costs.add(look, report)
        progress.total = progress.done
        if not sample.is_whole:
            numbers = report.numbers
            progress.warn(
                WarningCode.DRY_RUN_SAMPLED, count=numbers["to_open"], opened=numbers["looked_into"]
            )
        await scope.save(Checkpoint(report=dict(report.json())))
        lack = look.scanned.lack
        return Ending(JobState.COMPLETED, *(() if lack is None else (lack[1], lack[0])))

    async def _collection(self, scope: JobScope) -> CollectionRecord:
        if scope.record.collection_id == NO_COLLECTION:
            return CollectionRecord.not_made(scope.request.collection)
        return await self.collections.by_id(scope.record.collection_id)

    async def _count_missing(self, look: LookContext, dry_look: DryLook, sample: Sample) -> None:
        """Whether or not `sync` is asked for: what it would remove."""
        parts = whole_parts(look.request, recursive=look.options.recursive)
        if not parts or not look.options.recursive:
            return
        tally = dry_look.tally

        async def images_found() -> int:
            numbers = tally.numbers(sample)
            return numbers["found"] - numbers["skipped"]

        met = [one.sha256 for one in sample.opened.values() if one.fate is Fate.IMAGE]
        missing = MissingFiles(look, parts, self.delete_guard_percent, images_found, met)
        with look.progress.busy("missing"):
            closed = set(look.scanned.unlisted) | await missing.bare_roots()
            closed |= (await missing.devices()).closed
            async for group in missing.groups(closed):
                for file in group:
                    if file.had_point:
                        tally.missing += 1
                        tally.show("missing", display_text(file.absolute))
            refusal = await missing.refusal(closed)
        if refusal is not None and not look.options.confirm_deletes:
            look.progress.warn(WarningCode.SYNC_WOULD_STOP, reason=refusal)


def _with_roots(collection: CollectionRecord, parts: Sequence[ScanPart]) -> CollectionRecord:
    """As the import would find it: with the roots that it would make."""
    roots: list[Root] = list(collection.roots)
    for folder in sorted({part.top for part in parts}):
        if deepest_root(folder, roots) is None:
            roots.append(new_root(folder, {root.id for root in roots}))
    return replace(collection, roots=tuple(roots))
