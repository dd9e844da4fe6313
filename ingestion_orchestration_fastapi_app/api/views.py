"""Inner records as wire types."""

from __future__ import annotations

from dataclasses import asdict

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.library.search import Found
from ingestion_orchestration_fastapi_app.watch.watched_folder import WatchedFolder
from ingestion_orchestration_fastapi_app.watch.watching import Watching
from utils.contract import (
    API_PREFIX,
    CollectionReply,
    FilterSpec,
    ImageReply,
    JobReply,
    SearchHit,
    SearchReply,
    WatchReply,
    formats_named,
)
from utils.web.routing.root_path import external_path

NOT_ALLOWED = (
    "it rests: the folder may not be imported now. It goes on when it is added: photoseek roots "
    "add, or INGEST_ROOTS"
)
LOG_LINES = 20  # in an answer that is asked for again and again; `/log` has more


def job_reply(record: JobRecord, live: JobProgress | None) -> JobReply:
    """Counts are the ledger's; what a running job says of itself comes from its live."""
    progress = record.progress if live is None else live.saved()
    state, reason, code = record.state, record.reason, record.reason_code
    done = record.counts.found - record.counts.pending
    average = done / progress.active_s if progress.active_s > 0 else 0.0
    rate, eta = average, None
    if live is not None and state not in FINAL:
        state, reason, code = live.state
        rate, eta = live.rate, live.eta(record.counts.pending)
    return JobReply(
        job_id=record.id,
        state=state,
        reason=reason,
        reason_code=code,
        collection=record.request.collection,
        directory_path=display_text(record.request.directory),
        counts=record.counts,
        scan_complete=progress.scan_complete,
        bytes=progress.bytes_read,
        rate_images_per_s=round(rate, 2),
        rate_average_images_per_s=round(average, 2),
        eta_s=None if eta is None else round(eta.likely_s, 1),
        eta_low_s=None if eta is None else round(eta.low_s, 1),
        eta_high_s=None if eta is None else round(eta.high_s, 1),
        stages=dict(progress.stages),
        bottleneck=None if live is None else live.bottleneck,
        errors_by_code=dict(record.errors_by_code),
        warnings=progress.warnings,
        removed=progress.removed,
        links_skipped=progress.links_skipped,
        origin=record.request.origin.value,
        log=progress.log[-LOG_LINES:],
        started_at=record.started_at,
        updated_at=record.updated_at,
        finished_at=record.finished_at,
    )


def collection_reply(
    record: CollectionRecord, *, count: int | None, detail: str | None, watching: Watching
) -> CollectionReply:
    return CollectionReply(
        name=record.name,
        count=count,
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
    return WatchReply(
        directory_path=display_text(watch.directory),
        recursive=watch.recursive,
        mode="events" if folder is not None and folder.has_events else "rescan",
        detail=NOT_ALLOWED if folder is None else folder.detail,
    )


def filters_of(spec: FilterSpec) -> Filters:
    return Filters(
        taken_after=spec.taken_after,
        taken_before=spec.taken_before,
        camera=spec.camera,
        lens=spec.lens,
        rating_min=spec.rating_min,
        keywords=spec.keywords,
        path_prefix=spec.path_prefix,
        formats=None if spec.formats is None else formats_named(spec.formats),
        min_width_px=spec.min_width_px,
        min_height_px=spec.min_height_px,
        has_gps=spec.has_gps,
    )


def image_reply(point: Point, collection: str) -> ImageReply:
    return ImageReply.model_validate(_image_fields(point, collection))


def search_reply(found: Found) -> SearchReply:
    name = found.collection.name
    return SearchReply(
        results=tuple(_search_hit(hit, name) for hit in found.hits),
        collection=name,
        model=found.collection.model,
        warnings=found.warnings,
        cursor=found.cursor,
    )


def _search_hit(hit: Hit, collection: str) -> SearchHit:
    return SearchHit.model_validate(
        {"score": round(hit.score, 6), **_image_fields(hit.point, collection)}
    )


def _image_fields(point: Point, collection: str) -> dict[str, object]:
    image_url = external_path(f"{API_PREFIX}/images/{point.id}")
    return {
        "id": str(point.id),
        "path": point.display_path,
        "filename": point.filename,
        "thumbnail_url": f"{image_url}/thumbnail?collection={collection}",
        "file_url": f"{image_url}/file?collection={collection}",
        "width_px": point.width_px,
        "height_px": point.height_px,
        "bytes": point.size_bytes,
        "format": point.format,
        **asdict(point.metadata),
        "caption": point.caption,
        "partial": point.partial,
        "pixel_source": point.pixel_source,
        "rung": point.pixel_source,
        "sha256": point.sha256.hex(),
    }
