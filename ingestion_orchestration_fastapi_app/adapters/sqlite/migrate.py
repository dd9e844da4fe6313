"""The ledger's schema: numbered SQL files, applied in order, each in one transaction."""

from __future__ import annotations

import re
import sqlite3
from importlib import resources

from ingestion_orchestration_fastapi_app.domain.library.generation import table_name
from ingestion_orchestration_fastapi_app.errors import StoreWrite

_PACKAGE = "ingestion_orchestration_fastapi_app.adapters.sqlite"
_NAME = re.compile(r"(\d{4})_\w+\.sql")


def shipped() -> list[str]:
    """The scripts, in order. The n-th brings a database from version n - 1 to version n."""
    folder = resources.files(_PACKAGE) / "migrations"
    named = sorted((file.name, file) for file in folder.iterdir() if _NAME.fullmatch(file.name))
    numbers = [int(name[:4]) for name, _ in named]
    if numbers != list(range(1, len(named) + 1)):
        raise ValueError(f"migrations are not numbered 1 to {len(named)}: {numbers}")
    return [file.read_text(encoding="utf-8") for _, file in named]


def migrate(connection: sqlite3.Connection, scripts: list[str]) -> None:
    """Brings the database to the newest version. Blocking.

    Raises:
        StoreWrite: the database is newer than the scripts.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise StoreWrite(
            f"The ledger was written by a newer Photoseek (schema {version}; this one knows "
            f"{len(scripts)}). Update Photoseek, or give it another data folder."
        )
    connection.create_function("table_name", 1, table_name, deterministic=True)  # for scripts
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            # executescript commits what is open, so the transaction is part of the script.
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
