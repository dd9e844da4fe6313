"""What an import would cost: asked of earlier imports, of the tables, and of the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.dry_run.forecast import (
    LEDGER_BYTES,
    Duration,
    PointBytes,
    Speeds,
    duration,
    point_bytes,
    speeds_of,
)
from ingestion_orchestration_fastapi_app.domain.jobs.imports import INGEST
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from utils.contract.warnings import WarningCode
from utils.problems import Problem

JOBS = 100  # the latest, of all collections
THUMBNAILS = 64  # of which the size is looked at


@dataclass(frozen=True, slots=True)
class Costs:
    """`free_bytes` is of the data folder's disk, and blocks; an import leaves `keep_bytes` free."""

    free_bytes: Callable[[], int]
    keep_bytes: int
    threads: CapacityLimiter

    async def add(self, look: LookContext, report: Report) -> None:
        """To the report, of what its numbers say is embedded and cached."""
        embedded, cached = report.numbers["embedded"], report.numbers["cached"]
        found, told = await _time(look, embedded=embedded, cached=cached)
        look.progress.note("time_estimated", told)
        if found is None or found.high_s is None:
            look.progress.warn(
                WarningCode.TIME_NOT_MEASURED
                if found is None
                else WarningCode.TIME_OF_SERVICE_ALONE
            )
        if found is not None:
            report.figures["seconds_low"] = round(found.low_s, 1)
            if found.high_s is not None:
                report.figures["seconds_high"] = round(found.high_s, 1)
        each = await _point_bytes(look)
        needed = embedded * each.total + cached * (each.rows + LEDGER_BYTES)
        free = await to_thread.run_sync(self.free_bytes, limiter=self.threads)
        report.numbers |= {
            "bytes_needed": needed,
            "bytes_a_point": each.total,
            "bytes_free": free,
            "bytes_kept_free": self.keep_bytes,
        }
        look.progress.note(
            "space_estimated", "measured here" if each.is_measured else "assumed: few points yet"
        )
        if needed > free - self.keep_bytes:
            look.progress.warn(
                WarningCode.SPACE_LACKING,
                needed_mb=_megabytes(needed),
                free_mb=_megabytes(free),
                kept_mb=_megabytes(self.keep_bytes),
            )


def _megabytes(size_bytes: int) -> int:
    return round(size_bytes / 1e6)


async def _time(look: LookContext, *, embedded: int, cached: int) -> tuple[Duration | None, str]:
    """And from what it is told, or why it is not."""
    jobs = await look.ports.ledger.jobs.list_newest(limit=JOBS, offset=0, kind=INGEST)
    own = [job for job in jobs if job.collection_id == look.collection_id]
    for asked, whose in ((own, "into this collection"), (jobs, "into all collections")):
        speeds = speeds_of(asked, captions=look.wants_captions)
        if speeds != Speeds():
            found = duration(
                embedded=embedded, cached=cached, speeds=speeds, service_images_per_s=None
            )
            if found is not None:
                return found, f"from the latest imports {whose}"
    found = duration(
        embedded=embedded,
        cached=cached,
        speeds=Speeds(),
        service_images_per_s=None if look.wants_captions else look.capabilities.images_per_s,
    )
    if found is None:
        return None, "no import was measured yet"
    if found.high_s is None:
        return found, "no import was measured yet, and the inference service alone takes that long"
    return found, "nothing is to be embedded"


async def _point_bytes(look: LookContext) -> PointBytes:
    ports, active = look.ports, look.collection.active
    points = table_bytes = 0
    sizes: list[int] = []
    if active is not None:
        try:
            points = (await ports.store.size(active.table)).points
            table_bytes = await ports.store.disk_bytes(active.table)
            if look.collection.words_table is not None:
                table_bytes += await ports.words.disk_bytes(look.collection.words_table)
            some = await ports.store.page(active.table, limit=THUMBNAILS, offset=0)
            keys = [point.picture_key for point in some]
            known = await ports.cache.pictures(ports.preparation.picture_version, keys)
            sizes = [len(picture.thumbnail) for picture in known.values()]
        except Problem as exc:
            look.progress.warn(WarningCode.TABLES_UNMEASURED, reason=exc.detail)
            points = 0
    return point_bytes(
        dim=look.capabilities.clip.dim,
        points=points,
        table_bytes=table_bytes,
        thumbnail_bytes=sizes,
    )
