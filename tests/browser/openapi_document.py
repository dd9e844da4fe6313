"""Writes the orchestrator's OpenAPI document, of which the web app's types are made."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        json.dump(create_app(settings).openapi(), sys.stdout)


if __name__ == "__main__":
    main()
