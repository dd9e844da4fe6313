"""An orchestrator in a process of its own that may open few descriptors.

`python -m tests.component.crowded_orchestrator FOLDER DESCRIPTORS LOOP` serves, over a fake
inference service and on an event loop of that kind, what is in FOLDER/photos; prints its port.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import httpx

from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.component.orchestrator_app import FakeService
from utils.web.logs import setup_logging
from utils.web.serving.server import Server


def main(folder: Path, descriptors: int, loop: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    settings = Settings(data_dir=folder / "data", ingest_roots=(folder / "photos",))
    setup_logging("WARNING")
    app = create_app(settings, ml_transport=httpx.MockTransport(FakeService()))
    server = Server(
        app, host="127.0.0.1", port=0, max_connections=settings.max_connections, loop=loop
    )
    startup = server.startup

    async def told(*args: object, **kwargs: object) -> None:
        await startup(*args, **kwargs)  # type: ignore[arg-type]
        port = server.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    server.startup = told  # type: ignore[method-assign]
    server.run_to_end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
