"""`python -m ml_inference_fastapi_app`: serves on ML_HOST and ML_PORT."""

from __future__ import annotations

import sys
import threading

from pydantic import ValidationError

from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.settings import Settings
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
    setup_logging(settings.log_level)
    failed = threading.Event()

    def on_fatal() -> None:
        failed.set()
        server.should_exit = True

    server = Server(
        create_app(settings, on_fatal=on_fatal),
        host=settings.ml_host,
        port=settings.ml_port,
        max_connections=settings.max_connections,
    )
    started = server.run_to_end()
    return 1 if failed.is_set() or not started else 0


if __name__ == "__main__":
    sys.exit(main())
