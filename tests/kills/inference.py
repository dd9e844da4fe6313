"""An inference service that is a process of its own and dies in the middle of a batch."""

from __future__ import annotations

import base64
import json
import os
import signal
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np

from ingestion_orchestration_fastapi_app.inference_pool.canary import CANARY_ID
from tests.component.orchestrator_app import parts_of
from tests.fakes import FINGERPRINT, capabilities, model_of, vector_of
from utils.contract import CaptionCapabilities
from utils.process.parent_death import die_with_parent

BATCH_IMAGES = 4
WINDOW = 2  # requests at once
CAPTION_FINGERPRINT = "fake-captions-0001"
OTHER = "another-model-0001"  # held beside the default one


OutagePhase = Literal["unread", "unanswered", "cut"]


@dataclass(frozen=True, slots=True)
class Outage:
    """`kill -9` of the service at its n-th batch, from 1, counted from its start.

    `unread`: before the body was read; `unanswered`: when the vectors were made; `cut`: in the
    middle of the answer.
    """

    call: int
    phase: OutagePhase

    def __str__(self) -> str:
        return f"{self.phase} batch {self.call}"


def serve(port: int, log_path: str, outage: Outage | None, ready: Connection) -> None:
    """Until killed. Writes the ids of each batch whose vectors it made, before it answers.

    Says on which port it listens; 0 is any that is free.
    """
    die_with_parent(os.getppid())
    log = os.open(log_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    told = capabilities(safe_batch=BATCH_IMAGES, limit=WINDOW)
    captions = CaptionCapabilities(available=True, fingerprint=CAPTION_FINGERPRINT, alone=True)
    models = tuple(
        model_of(one, safe_batch=BATCH_IMAGES, default=one == FINGERPRINT)
        for one in (FINGERPRINT, OTHER)
    )
    update = {"captions": captions, "safe_blip_batch": BATCH_IMAGES, "models": models}
    told = told.model_copy(update=update)
    counting = Lock()
    calls = 0

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(told.model_dump_json().encode())

        def do_POST(self) -> None:
            nonlocal calls
            with counting:
                calls += 1
                call = calls
            self._burn(call, "unread")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            images = parts_of(self.headers["Content-Type"], body)
            model = OTHER if OTHER in self.path else FINGERPRINT
            os.write(log, json.dumps([name for name, _ in images]).encode() + b"\n")
            captions = "captions=true" in self.path
            reply = json.dumps(
                {
                    "results": [_result(*image, model, captions=captions) for image in images],
                    "fingerprint": model,
                    "caption_fingerprint": CAPTION_FINGERPRINT if captions else None,
                }
            ).encode()
            self._burn(call, "unanswered")
            if outage == Outage(call, "cut"):
                self._head(len(reply))
                self.wfile.write(reply[: len(reply) // 2])
                self.wfile.flush()
            self._burn(call, "cut")
            self._answer(reply)

        def _answer(self, body: bytes) -> None:
            try:
                self._head(len(body))
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked was killed

        def _head(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def _burn(self, call: int, phase: OutagePhase) -> None:
            if outage == Outage(call, phase):
                os.kill(os.getpid(), signal.SIGKILL)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionResetError:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    ready.send(server.server_port)
    server.serve_forever()


def _result(name: str, data: bytes, model: str, *, captions: bool) -> dict[str, str | None]:
    seen = data if model == FINGERPRINT else model.encode() + data
    vector = np.asarray(vector_of(seen), dtype="<f4")
    return {
        "id": name,
        "embedding": base64.b64encode(vector.tobytes()).decode(),
        "caption": f"noise {vector[0]:.3f}" if captions else None,
    }


def inferred(log_path: Path) -> list[list[str]]:
    """The batches whose vectors were made, by point id."""
    batches = [json.loads(line) for line in whole_lines(log_path)]
    return [batch for batch in batches if batch != [CANARY_ID]]


def whole_lines(path: Path) -> list[str]:
    """Of a file that is being written."""
    text = path.read_text() if path.exists() else ""
    return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
