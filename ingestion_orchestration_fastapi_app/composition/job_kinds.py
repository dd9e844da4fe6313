"""The registry of kinds of jobs: each is named here, and nowhere below."""

from __future__ import annotations

from functools import partial

from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import free_bytes
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import read_text
from ingestion_orchestration_fastapi_app.captions.job import CaptionImages
from ingestion_orchestration_fastapi_app.composition.opened import Opened
from ingestion_orchestration_fastapi_app.composition.sidecars import sidecar_writing
from ingestion_orchestration_fastapi_app.dry_run.costs import Costs
from ingestion_orchestration_fastapi_app.dry_run.job import DryRun
from ingestion_orchestration_fastapi_app.duplicates.job import Duplicates
from ingestion_orchestration_fastapi_app.evaluation.job import Evaluate
from ingestion_orchestration_fastapi_app.evaluation.named_files import NamedFiles
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.ingest.context import Concurrency
from ingestion_orchestration_fastapi_app.ingest.job import Ingest
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.library.trash.restoring import Restoring
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.reembed.job import Reembed
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.transfer.export_job import Export
from ingestion_orchestration_fastapi_app.transfer.import_job import Import
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlans
from ingestion_orchestration_fastapi_app.undo.job import Undo
from ingestion_orchestration_fastapi_app.verify.job import Verify
from utils.process.version import installed_version

LAST_PASS_SHARE = 8  # of the memory for files in flight, beside it


def job_kinds(
    settings: Settings,
    outside: Opened,
    collections: Collections,
    pool: InferencePool,
    thumbnails: Thumbnails,
    words_filling: WordsFilling,
    calibrating: Calibrating,
    judging: Judging,
    captioning: CaptionImages,
    conditions: LedgerConditions,
    restoring: Restoring,
    import_plans: ImportPlans,
    search: Search,
) -> Kinds:
    ports = outside.ports
    concurrency = Concurrency(
        read_workers=settings.hash_workers,
        decode_workers=settings.decode_workers,
        batch_images=settings.batch_size,
        store_rows=settings.store_group_rows,
        store_linger_s=settings.store_linger_s,
        delete_guard_percent=settings.delete_guard_percent,
    )
    ingesting = Ingest(ports, collections, pool, concurrency)
    reembedding = Reembed(
        ports,
        collections,
        pool,
        concurrency,
        ingesting.gate,
        MemoryBudget(settings.max_inflight_bytes // LAST_PASS_SHARE),
    )
    exporting = Export(
        ports,
        collections,
        conditions,
        outside.allowed.shown,
        keep_bytes=settings.min_free_bytes,
        made_by=f"photoseek {installed_version()}",
    )
    costs = Costs(
        partial(free_bytes, settings.data_dir), settings.min_free_bytes, CapacityLimiter(1)
    )
    dry_running = DryRun(
        collections, pool, costs, settings.hash_workers, settings.delete_guard_percent
    )
    captions = NamedFiles(outside.allowed, outside.threads, read_text)
    return Kinds(
        [
            ingesting.kind,
            dry_running.kind,
            reembedding.kind,
            sidecar_writing(outside, collections).kind,
            Verify(collections, thumbnails, words_filling).kind,
            Undo(collections, restoring).kind,
            Duplicates(collections, thumbnails).kind,
            Evaluate(collections, pool, calibrating, judging, search, captions.text).kind,
            captioning.kind,
            exporting.kind,
            Import(ports, collections, import_plans).kind,
        ]
    )
