"""The real services on loopback ports, in threads, and a hostile site beside them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from benchmarks.services import free_ports
from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from ml_inference_fastapi_app.backends.registry import BACKENDS
from ml_inference_fastapi_app.main import create_app as create_inference_app
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from tests.component.inference_fakes import FakeEmbedder
from tests.component.orchestrator_app import FakeService
from utils.web.serving.server import Server

PATIENCE_S = 90
HOP_BY_HOP = ("connection", "transfer-encoding")


@contextmanager
def listening(app: FastAPI, port: int) -> Iterator[str]:
    """The app behind a real server, with its event loop in a thread of its own."""
    started = threading.Event()

    class Told(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    server = Told(app, host="127.0.0.1", port=port, max_connections=256, loop="asyncio")
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        assert started.wait(PATIENCE_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


@dataclass
class Orchestrator:
    """`http` speaks to it as a program does, with the key; `photos` is an allowed folder."""

    url: str
    port: int
    key: str | None
    photos: Path
    http: httpx.Client

    def ingest(self) -> str:
        """The id of a job on `photos` that has ended."""
        answer = self.http.post("/api/v1/ingest", json={"directory_path": str(self.photos)})
        assert answer.status_code == 202, answer.text
        return self._ended(str(answer.json()["job_id"]))

    def finished(self, kind: str) -> str:
        """The id of a job of that kind, without options, that has ended."""
        answer = self.http.post("/api/v1/jobs", json={"kind": kind})
        assert answer.status_code == 202, answer.text
        return self._ended(str(answer.json()["job_id"]))

    def _ended(self, job_id: str) -> str:
        with self.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as events:
            events.read()  # until its final state
        assert self.http.get(f"/api/v1/jobs/{job_id}").json()["state"] == "completed"
        return job_id

    def search(self) -> list[dict[str, Any]]:
        found = self.http.post("/api/v1/search/text", json={"query": "red"}).json()["results"]
        assert isinstance(found, list)
        return found

    def collections(self) -> list[str]:
        listed = self.http.get("/api/v1/collections").json()["collections"]
        return [one["name"] for one in listed]

    def answered(self, status: int) -> int:
        """How many requests were answered so."""
        counted = self.http.get("/metrics").text.splitlines()
        ours = (line for line in counted if f'status="{status}"' in line and "_total" in line)
        return sum(int(float(line.rpartition(" ")[2])) for line in ours)


@contextmanager
def orchestrator(
    folder: Path, *, key: str | None = None, hosts: tuple[str, ...] = ()
) -> Iterator[Orchestrator]:
    photos = folder / "photos"
    photos.mkdir()
    port = free_ports(1)[0]
    given = {
        "data_dir": folder / "data",
        "ingest_roots": (photos,),
        "store_linger_s": 0.05,
        "min_free_bytes": 0,
        "orchestrator_port": port,
        "api_key": key,
        "allowed_hosts": hosts,
    }
    app = create_app(
        Settings.model_validate(given), ml_transport=httpx.MockTransport(FakeService())
    )
    headers = {} if key is None else {"X-API-Key": key}
    with (
        listening(app, port) as url,
        httpx.Client(base_url=url, trust_env=False, headers=headers, timeout=PATIENCE_S) as http,
    ):
        yield Orchestrator(url, port, key, photos, http)


@contextmanager
def inference(folder: Path) -> Iterator[str]:
    settings = InferenceSettings.model_validate(
        {"model_cache_dir": folder, "ml_compile": "off", "disable_captions": True}
    )
    fake = replace(BACKENDS["torch"], load_clip=lambda _options, _on_phase: FakeEmbedder())
    app = create_inference_app(settings, backend=fake)
    with listening(app, free_ports(1)[0]) as url:
        yield url


@dataclass
class HostileSite:
    """Serves `pages` by path, and notes what it is told."""

    port: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


@contextmanager
def hostile_site() -> Iterator[HostileSite]:
    site = HostileSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path.partition("?")[0])
            if page is None:
                site.told.append(self.path)
            self.send_response(200 if page is not None else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
            pass

    with _in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as site.port:
        yield site


@contextmanager
def proxy(target: str, prefix: str) -> Iterator[int]:
    """A reverse proxy below a path, as the README's nginx is. Its port."""
    client = httpx.Client(base_url=target, trust_env=False, timeout=PATIENCE_S)

    class Handler(BaseHTTPRequestHandler):
        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = [
                (name, value) for name, value in self.headers.items() if name != "Connection"
            ]
            headers.append(("X-Forwarded-Prefix", prefix))
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            path = self.path.removeprefix(prefix)
            answer = client.request(self.command, path, content=body, headers=headers)
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                # `content` is what the encoding was of.
                if name not in (*HOP_BY_HOP, "content-encoding", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = relay  # noqa: N815  # the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
            pass

    with client, _in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def _in_a_thread(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="beside")
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_S)
