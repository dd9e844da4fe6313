"""The settings of searches and of the indexes that serve them, a part of the orchestrator's."""

from __future__ import annotations

from pydantic import Field

from ingestion_orchestration_fastapi_app.inbox_settings import GIB, MIB
from utils.contract.search import Templates
from utils.process.machine_memory import machine_memory_bytes
from utils.web.http_settings import HttpSettings


class SearchSettings(HttpSettings):
    """Read with the rest of them, in `settings.py`."""

    index_threshold_rows: int = Field(
        default=50_000, ge=256, description="Rows from which a collection gets an index."
    )
    index_build_memory_bytes: int = Field(
        default_factory=lambda: min(max(machine_memory_bytes() // 4, GIB), 8 * GIB),
        ge=512 * MIB,
        le=1024 * GIB,
        description="Memory that the process may use that builds an index.",
    )
    index_build_timeout_s: float = Field(
        default=6 * 3600, ge=60, le=7 * 86_400, description="Longest that building one index takes."
    )
    index_cache_bytes: int = Field(
        default_factory=lambda: min(max(machine_memory_bytes() // 8, 256 * MIB), 4 * GIB),
        ge=64 * MIB,
        le=1024 * GIB,
        description="Most that indexes take in memory; it is taken as searches need them.",
    )
    search_templates: Templates = Field(
        default=Templates.AUTO,
        description="Whether short texts are searched for by several sentences: `auto`, `on` or "
        "`off`; a search may say otherwise.",
    )
