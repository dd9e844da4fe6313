"""Where points live: LanceDB tables on a folder or an object store."""

from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import BuildLimits
from ingestion_orchestration_fastapi_app.adapters.lance.lance_store import LanceStore

__all__ = ["BuildLimits", "LanceStore"]
