"""Puts together what the system says of itself."""

from __future__ import annotations

import os

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import LEDGER_NAME
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import shipped
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.system.about import About, about_now
from ingestion_orchestration_fastapi_app.system.reports import SystemReports
from ingestion_orchestration_fastapi_app.system.series import Series
from ingestion_orchestration_fastapi_app.system.shown_settings import shown_settings
from ingestion_orchestration_fastapi_app.system.storage import Part, Storage
from ingestion_orchestration_fastapi_app.system.waiting import WaitingImages
from utils.contract.system.overview import StoragePart
from utils.text.secrets import without_secrets
from utils.web.log_ring import LogRing


async def system_reports(
    settings: Settings, log_lines: LogRing, ports: Ports, scheduler: JobScheduler
) -> SystemReports:
    about = await to_thread.run_sync(_about, limiter=CapacityLimiter(1))
    return SystemReports(
        about=about,
        storage=Storage(os.fspath(settings.data_dir), _parts(settings)),
        settings=shown_settings(settings),
        log_lines=log_lines,
        series=Series(ports.metrics, WaitingImages(scheduler, ports.ledger.jobs)),
    )


def _about() -> About:
    return about_now(schema_version=len(shipped()))  # an older ledger was brought to it


def _parts(settings: Settings) -> list[Part]:
    data, cache = os.fspath(settings.data_dir), os.fspath(settings.cache_location)
    ledger = os.path.join(data, LEDGER_NAME)
    exports, inbox = os.fspath(settings.export_location), os.fspath(settings.inbox_location)
    return [
        _store(settings.store_location),
        Part(StoragePart.LEDGER, data, _shown(ledger), beginning=LEDGER_NAME),
        _folder(StoragePart.EMBEDDINGS, f"{cache}/vectors", settings.vector_cache_bytes),
        _folder(StoragePart.THUMBNAILS, f"{cache}/pictures", settings.picture_cache_bytes),
        _folder(StoragePart.PREVIEWS, f"{cache}/previews", settings.preview_cache_bytes),
        _folder(StoragePart.EXPORTS, exports),
        _folder(StoragePart.INBOX, inbox, settings.inbox_max_bytes),
        _folder(StoragePart.LOGS, f"{data}/logs"),
    ]


def _store(location: str) -> Part:
    if "://" in location:
        return Part(StoragePart.STORE, None, without_secrets(location))
    return _folder(StoragePart.STORE, location)


def _folder(name: StoragePart, folder: str, limit_bytes: int | None = None) -> Part:
    return Part(name, folder, _shown(folder), limit_bytes)


def _shown(path: str) -> str:
    return display_text(os.fsencode(path))
