"""The ledger in SQLite: what the orchestrator remembers of collections, files and jobs."""

from ingestion_orchestration_fastapi_app.adapters.sqlite.sqlite_ledger import (
    SqliteLedger,
    open_ledger,
)

__all__ = ["SqliteLedger", "open_ledger"]
