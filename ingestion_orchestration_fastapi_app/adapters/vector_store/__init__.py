"""Where points live: LanceDB tables on a folder or an object store, and an in-memory twin."""

from ingestion_orchestration_fastapi_app.adapters.vector_store.lance_store import LanceStore
from ingestion_orchestration_fastapi_app.adapters.vector_store.memory_store import MemoryStore

__all__ = ["LanceStore", "MemoryStore"]
