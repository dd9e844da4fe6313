"""`python -m ingestion_orchestration_fastapi_app`: serves on ORCHESTRATOR_HOST and _PORT."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.allocator import bound_arenas
from utils.web.logs import setup_logging
from utils.web.problem_responses import readable

KEEP_ALIVE_S = 75  # longer than a client's pause between calls, so that none meets a closing
GRACE_S = 10


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as exc:
        sys.stderr.write(f"A setting is not valid: {readable(exc)}\n")
        return 2
    if (fault := settings.binding_fault) is not None:
        sys.stderr.write(f"{fault}\n")
        return 2
    os.umask(0o077)  # what is stored is this user's alone
    setup_logging(settings.log_level)
    bound_arenas()  # before there are threads
    # What ends a start-up has been said by then: a problem in one line, a bug with its traceback.
    logging.getLogger("uvicorn.error").addFilter(_is_no_traceback)
    server = _Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.orchestrator_host,
            port=settings.orchestrator_port,
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    # Both are uvicorn's own way out: after a Ctrl-C, and when the start failed.
    with suppress(KeyboardInterrupt, SystemExit):
        server.run()
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    """Ends event streams before it waits for answers: they would last as long as their jobs."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        assert isinstance(app, FastAPI)
        app.state.services.listeners.close()
        await super().shutdown(sockets)


def _is_no_traceback(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return not message.startswith(("Traceback", "Application startup failed"))


if __name__ == "__main__":
    sys.exit(main())
