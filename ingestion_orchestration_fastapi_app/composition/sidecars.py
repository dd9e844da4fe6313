"""What writes sidecars, for its job and for who asks for one."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.adapters.local_files.writing.sidecar_files import (
    LocalSidecars,
)
from ingestion_orchestration_fastapi_app.composition.opened import Opened
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.sidecars.job import WriteSidecars


def sidecar_writing(outside: Opened, collections: Collections) -> WriteSidecars:
    files = LocalSidecars(outside.threads, is_allowed=outside.allowed.allows)
    browsing = outside.ports.ledger.browsing
    return WriteSidecars(collections, browsing, files, outside.allowed.shown)
