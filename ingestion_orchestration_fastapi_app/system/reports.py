"""All that the routes of the system answer from."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.system.about import About
from ingestion_orchestration_fastapi_app.system.series import Series
from ingestion_orchestration_fastapi_app.system.storage import Storage
from utils.contract.system.settings import SettingReply
from utils.web.log_ring import LogRing


@dataclass(frozen=True, slots=True)
class SystemReports:
    about: About
    storage: Storage
    settings: tuple[SettingReply, ...]
    log_lines: LogRing
    series: Series
