"""A container's health check: exit status 0 where the orchestrator that runs here is ready.

`python -m ingestion_orchestration_fastapi_app.health_check` asks by its settings.
"""

import sys

from ingestion_orchestration_fastapi_app.settings import Settings
from utils.web.serving.health_check import is_ready

if __name__ == "__main__":
    settings = Settings()
    sys.exit(0 if is_ready(settings.orchestrator_host, settings.orchestrator_port) else 1)
