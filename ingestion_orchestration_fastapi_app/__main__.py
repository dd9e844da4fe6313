"""`python -m ingestion_orchestration_fastapi_app`: serves on ORCHESTRATOR_HOST and _PORT."""

from __future__ import annotations

import logging
import os
import sys

from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.process.allocator import limit_arenas
from utils.web.logs import setup_logging
from utils.web.problem_responses import validation_text
from utils.web.serving.server import Server


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as exc:
        sys.stderr.write(f"A setting is not valid: {validation_text(exc)}\n")
        return 2
    if (fault := settings.binding_fault) is not None:
        sys.stderr.write(f"{fault}\n")
        return 2
    os.umask(0o077)  # what is stored is this user's alone
    setup_logging(settings.log_level)
    limit_arenas()  # before there are threads
    # What ends a start-up has been said by then: a problem in one line, a bug with its traceback.
    logging.getLogger("uvicorn.error").addFilter(_is_no_traceback)
    app = create_app(settings)

    def end_event_streams() -> None:
        """They would last as long as their jobs."""
        app.state.services.listeners.close()

    server = Server(
        app,
        host=settings.orchestrator_host,
        port=settings.orchestrator_port,
        max_connections=settings.max_connections,
        on_stop=end_event_streams,
    )
    return 0 if server.run_to_end() else 1


def _is_no_traceback(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return not message.startswith(("Traceback", "Application startup failed"))


if __name__ == "__main__":
    sys.exit(main())
