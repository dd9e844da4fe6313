"""Inner records as wire types."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.core.files import Hit, Point
from ingestion_orchestration_fastapi_app.core.filters import Filters
from ingestion_orchestration_fastapi_app.core.identity import display_text
from ingestion_orchestration_fastapi_app.core.job_states import FINAL
from ingestion_orchestration_fastapi_app.core.rates import eta_s
from ingestion_orchestration_fastapi_app.core.records import CollectionRecord, JobRecord
from ingestion_orchestration_fastapi_app.pipeline.search import Found
from ingestion_orchestration_fastapi_app.pipeline.tally import Tally
from utils.contract import (
    API_PREFIX,
    CollectionReply,
    FilterSpec,
    ImageReply,
    JobReply,
    SearchHit,
    SearchReply,
)


def job_reply(record: JobRecord, tally: Tally | None) -> JobReply:
    """Counts are the ledger's; what a running job says of itself comes from its tally."""
    progress = record.progress if tally is None else tally.progress()
    state, reason, code = record.state, record.reason, record.reason_code
    rate = 0.0
    if tally is not None and state not in FINAL:
        state, reason, code = tally.state
        rate = tally.rate
    elif progress.active_s > 0:
        rate = (record.counts.found - record.counts.pending) / progress.active_s
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
        eta_s=None
        if state in FINAL
        else eta_s(record.counts.pending, rate, scan_complete=progress.scan_complete),
        stages=dict(progress.stages),
        bottleneck=None if tally is None else tally.bottleneck,
        errors_by_code=dict(record.errors_by_code),
        warnings=progress.warnings,
        log=progress.log,
        started_at=record.started_at,
        updated_at=record.updated_at,
        finished_at=record.finished_at,
    )


def collection_reply(record: CollectionRecord, *, count: int) -> CollectionReply:
    return CollectionReply(
        name=record.name,
        count=count,
        model=record.model,
        fingerprint=record.fingerprint,
        roots=tuple(display_text(root.path) for root in record.roots),
        last_job_id=record.last_job_id,
    )


def filters_of(spec: FilterSpec) -> Filters:
    return Filters(
        taken_after=spec.taken_after and spec.taken_after.replace(tzinfo=None),
        taken_before=spec.taken_before and spec.taken_before.replace(tzinfo=None),
        camera=spec.camera,
        path_prefix=spec.path_prefix,
        formats=None if spec.formats is None else tuple(name.lower() for name in spec.formats),
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
    )


def _search_hit(hit: Hit, collection: str) -> SearchHit:
    return SearchHit.model_validate(
        {"score": round(hit.score, 6), **_image_fields(hit.point, collection)}
    )


def _image_fields(point: Point, collection: str) -> dict[str, object]:
    image_url = f"{API_PREFIX}/images/{point.id}"
    metadata = point.metadata
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
        "taken_at": metadata.taken_at,
        "camera_make": metadata.camera_make,
        "camera_model": metadata.camera_model,
        "latitude": metadata.latitude,
        "longitude": metadata.longitude,
        "caption": point.caption,
        "partial": point.partial,
        "sha256": point.sha256.hex(),
    }
