"""What runs here, on what, and set how."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.system.about import resident_bytes
from ingestion_orchestration_fastapi_app.system.series import STEP_S
from utils.contract import API_PREFIX, JobState
from utils.contract.system.log import (
    MAX_LOG_LINES,
    MAX_SEQUENCE,
    LogLevel,
    SystemLog,
    SystemLogLine,
)
from utils.contract.system.overview import (
    HostReply,
    JobNumbers,
    KeyReply,
    StoragePartReply,
    StorageReply,
    SystemReply,
    TrashStorage,
)
from utils.contract.system.series import SeriesPoint, SystemSeries
from utils.contract.system.settings import SettingsReply

router = APIRouter(prefix=API_PREFIX, tags=["system"], dependencies=[READS])


@router.get("/system", summary="Show the system")
async def get_system(services: AppStateDep) -> SystemReply:
    """Versions, the machine, the disk, jobs that have not ended, and whether a key is set.

    Sizes on the disk are at most some 30 s old, and null until they are known: a look that takes
    longer than 2 s goes on, and its end is told by the next call.
    """
    about = services.system.about
    return SystemReply(
        version=about.version,
        python=about.python,
        libraries=dict(about.libraries),
        schema_version=about.schema_version,
        started_at=about.started_at,
        uptime_s=round((datetime.now(UTC) - about.started_at).total_seconds(), 1),
        host=HostReply(
            platform=about.platform,
            cores=about.cores,
            memory_bytes=about.memory_bytes,
            resident_bytes=resident_bytes(),
        ),
        storage=await _storage(services),
        jobs=_jobs(services),
        key=_key(services),
    )


@router.get("/system/settings", summary="Show the settings")
async def get_system_settings(services: AppStateDep) -> SettingsReply:
    """Every setting with its value, its default, and from where it is.

    Secrets are never shown, only whether they are set. They are read when the process begins: a
    change needs a restart.
    """
    return SettingsReply(settings=services.system.settings)


@router.get("/system/log", summary="Show the newest log lines")
async def get_system_log(
    services: AppStateDep,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=MAX_SEQUENCE,
            description="Only lines behind that one: `next_after` of the answer before. Without it "
            "the newest are shown.",
        ),
    ] = None,
    level: Annotated[
        LogLevel, Query(description="Only lines that are at least so severe.")
    ] = LogLevel.DEBUG,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LOG_LINES, description="The most of an answer.")
    ] = 200,
) -> SystemLog:
    """The newest lines that this process has logged, the oldest first; none of an earlier process.

    500 are kept, and 100 of requests that were answered well; LOG_LEVEL says what is logged at all.
    Health checks, metrics and these calls about the system leave no line.
    """
    page = services.system.log_lines.page(after=after, level=level, limit=limit)
    return SystemLog(
        lines=tuple(SystemLogLine.model_validate(asdict(one)) for one in page.lines),
        next_after=page.next_after,
        missed=page.missed,
    )


@router.get("/system/series", summary="Show the last hour's figures")
async def get_system_series(services: AppStateDep) -> SystemSeries:
    """How fast searches and imports were, what waited, and the memory: a point every 30 s.

    They are of this process and in its memory alone. What was not measured is null.
    """
    points = services.system.series.points
    return SystemSeries(
        step_s=STEP_S, points=tuple(SeriesPoint.model_validate(asdict(one)) for one in points)
    )


async def _storage(services: AppState) -> StorageReply:
    storage, sizes = services.system.storage, services.table_sizes
    measured = await storage.measured()
    await sizes.refresh()
    return StorageReply(
        data_dir=display_text(bytes(services.settings.data_dir)),
        parts=tuple(
            StoragePartReply(
                name=one.name,
                location=one.location,
                bytes=measured.sizes.get(one.name),
                limit_bytes=one.limit_bytes,
            )
            for one in storage.parts
        ),
        used_bytes=sum(measured.sizes.values()),
        free_bytes=measured.free_bytes,
        total_bytes=measured.total_bytes,
        measured_at=measured.at,
        trash=TrashStorage(
            images=int(sum(sizes.trashed_points().values())),
            bytes=int(sum(sizes.trashed_bytes().values())),
            limit_bytes=services.settings.trash_bytes,
        ),
    )


def _jobs(services: AppState) -> JobNumbers:
    numbers = services.scheduler.jobs_by_state()
    return JobNumbers(
        running=numbers.get(JobState.RUNNING, 0),
        waiting_for_ml=numbers.get(JobState.WAITING_FOR_ML, 0),
        queued=numbers.get(JobState.QUEUED, 0),
        paused=numbers.get(JobState.PAUSED, 0),
    )


def _key(services: AppState) -> KeyReply:
    is_set = services.settings.api_key is not None
    source = services.settings.source_of("api_key") if is_set else None
    return KeyReply(is_set=is_set, source=source)
