"""`python -m ingestion_orchestration_fastapi_app`: the orchestrator on its settings' address."""

from __future__ import annotations

import uvicorn

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.web import setup_logging


def main() -> None:
    settings = Settings()
    setup_logging(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.orchestrator_host,
        port=settings.orchestrator_port,
        log_config=None,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
