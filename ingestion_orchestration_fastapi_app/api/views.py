"""Inner records as wire types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.imports import INGEST
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    JobRecord,
    JobRequest,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.jobs.reembedding import REEMBED
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.watch.watched_folder import WatchedFolder
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from utils.contract import (
    CollectionReply,
    JobReason,
    JobReply,
    JobReport,
    ReportExample,
    ReportFinding,
    WatchReply,
)
from utils.contract.warnings import WarningCode, WarningDetail

_RESTS = WarningDetail.of(WarningCode.WATCH_RESTS)
LOG_LINES = 20  # in an answer that is asked for again and again; `/log` has more


def job_reply(record: JobRecord, live: JobProgress | None) -> JobReply:
    """Counts are the ledger's; what a running job says of itself comes from its live."""
    progress = record.progress if live is None else live.saved()
    state, reason, code = record.state, record.reason, record.reason_code
    done, total = _done(record, progress)
    average = done / progress.active_s if progress.active_s > 0 else 0.0
    rate, eta = average, None
    if live is not None and state not in FINAL:
        state, reason, code = live.state
        rate, eta = live.rate, live.eta(record.counts.pending if total is None else total - done)
    return JobReply(
        job_id=record.id,
        kind=record.request.kind,
        state=state,
        reasons=_reasons(record, live),
        reason=reason,
        reason_code=code,
        collection=record.request.collection,
        directory_path=display_text(record.request.directory),
        paths=_paths(record.request),
        counts=record.counts,
        done=done,
        total=total,
        scan_complete=progress.scan_complete,
        bytes=progress.bytes_read,
        rate_images_per_s=round(rate, 2),
        rate_average_images_per_s=round(average, 2),
        eta_s=None if eta is None else round(eta.likely_s, 1),
        eta_low_s=None if eta is None else round(eta.low_s, 1),
        eta_high_s=None if eta is None else round(eta.high_s, 1),
        stages=dict(progress.stages),
        busy_shares={} if live is None else _rounded(live.busy_shares),
        bottleneck=None if live is None else live.bottleneck,
        errors_by_code=dict(record.errors_by_code),
        warnings=progress.warnings,
        warning_details=progress.warning_details,
        removed=progress.removed,
        links_skipped=progress.links_skipped,
        origin=record.request.origin.value,
        log=progress.log[-LOG_LINES:],
        started_at=record.started_at,
        updated_at=record.updated_at,
        finished_at=record.finished_at,
    )


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in shares.items()}


def _paths(request: JobRequest) -> tuple[str, ...]:
    paths = [one.path for one in request.paths] or [request.directory]
    return tuple(map(display_text, filter(None, paths)))


def _done(record: JobRecord, progress: SavedProgress) -> tuple[int, int | None]:
    """How much is done, and of how much."""
    settled = record.counts.found - record.counts.pending
    if record.request.kind == REEMBED:  # its files come pass by pass
        total = progress.total
        return settled, record.counts.found if record.state in FINAL else total
    if record.request.kind != INGEST:
        return progress.done, progress.total
    return settled, record.counts.found if progress.scan_complete else None


def _reasons(record: JobRecord, live: JobProgress | None) -> tuple[JobReason, ...]:
    if live is not None and record.state not in FINAL:
        return tuple(
            JobReason(state=one.state, reason=one.text, code=one.code) for one in live.reasons
        )
    if record.reason is None:
        return ()
    return (JobReason(state=record.state, reason=record.reason, code=record.reason_code),)


def report_reply(record: JobRecord) -> JobReport:
    report = report_of(record.checkpoint.report)
    return JobReport(
        job_id=record.id,
        kind=record.request.kind,
        state=record.state,
        numbers=report.numbers,
        findings=tuple(
            ReportFinding(
                finding=name,
                count=found.count,
                mended=found.mended,
                examples=tuple(ReportExample(**asdict(one)) for one in found.examples),
            )
            for name, found in sorted(report.findings.items())
        ),
        figures=report.figures,
        about=report.about,
    )


def collection_reply(
    record: CollectionRecord,
    *,
    count: int | None,
    hidden: int,
    detail: str | None,
    watching: Watching,
) -> CollectionReply:
    return CollectionReply(
        name=record.name,
        count=count,
        hidden_count=None if count is None else hidden,
        state="damaged" if count is None else "ready",
        detail=detail,
        model=record.model,
        fingerprint=record.fingerprint,
        roots=tuple(display_text(root.path) for root in record.roots),
        watches=tuple(
            _watch_reply(watch, watching.followed(record.id, watch.directory))
            for watch in record.watches
        ),
        last_job_id=record.last_job_id,
    )


def _watch_reply(watch: Watch, folder: WatchedFolder | None) -> WatchReply:
    warning = _RESTS if folder is None else folder.warning
    return WatchReply(
        directory_path=display_text(watch.directory),
        recursive=watch.recursive,
        mode="events" if folder is not None and folder.has_events else "rescan",
        detail=None if warning is None else warning.detail,
        warning=warning,
    )
