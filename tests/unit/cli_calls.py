"""The `photoseek` command, called in this process."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from ingestion_orchestration_fastapi_app.cli.app import app


def photoseek(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)
