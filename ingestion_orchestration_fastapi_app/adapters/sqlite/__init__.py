"""The ledger in SQLite: its tables are the repositories, its migrations are numbered SQL."""

from ingestion_orchestration_fastapi_app.adapters.sqlite.ledger import open_ledger

__all__ = ["open_ledger"]
