"""Exports on the disk: folders of Parquet files, and a process that reads foreign ones."""

from ingestion_orchestration_fastapi_app.adapters.exports.folders import LocalExports

__all__ = ["LocalExports"]
