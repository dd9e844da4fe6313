"""What the first generation of such systems did with a photo, kept to be compared with.

Full decode, resize to 1024, PNG, base64 in JSON over HTTP, decoded again by a service in another
process, one batch at a time, fp32. Run as a module, this is that service.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import BenchmarkFailed
from ingestion_orchestration_fastapi_app.cli.up.launcher import python_module
from ml_inference_fastapi_app.backends.base import Embedder
from ml_inference_fastapi_app.backends.clip.loading import build_torch_clip
from utils.imaging.decoding import to_square
from utils.process.parent_death import dying_with_parent

SIDE_PX = 1024
BATCH = 32
ANSWER_S = 300.0


def request_of(paths: Sequence[Path]) -> bytes:
    """One batch's body, as the client built it."""
    images = []
    for path in paths:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        picture.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        file = BytesIO()
        picture.save(file, "PNG")
        images.append({"id": path.name, "data": base64.b64encode(file.getvalue()).decode()})
    return json.dumps({"images": images}).encode()


def answer_of(body: bytes, embedder: Embedder) -> bytes:
    """What the service did with it. The embedder is the caller's, in fp32."""
    squares = []
    for image in json.loads(body)["images"]:
        with Image.open(BytesIO(base64.b64decode(image["data"]))) as picture:
            squares.append(to_square(picture.convert("RGB"), embedder.description.upload))
    vectors = embedder.embed_images(np.stack(squares))
    return json.dumps({"embeddings": vectors.tolist()}).encode()


def images_per_s(paths: Sequence[Path], *, model: str, pretrained: str, models: Path) -> float:
    """Batch after batch, once both sides are warm.

    Raises:
        BenchmarkFailed: the service ended, or gave another number of vectors.
    """
    with _service(model, pretrained, models) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
        try:
            _ingest(connection, paths[:1])
            began_s = time.perf_counter()
            _ingest(connection, paths)
            return len(paths) / (time.perf_counter() - began_s)
        finally:
            connection.close()


def _ingest(connection: http.client.HTTPConnection, paths: Sequence[Path]) -> None:
    for at in range(0, len(paths), BATCH):
        batch = paths[at : at + BATCH]
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/embed", request_of(batch), headers)
        vectors = json.loads(connection.getresponse().read())["embeddings"]
        if len(vectors) != len(batch):
            raise BenchmarkFailed(f"{len(vectors)} vectors for {len(batch)} images")


@contextmanager
def _service(model: str, pretrained: str, models: Path) -> Iterator[int]:
    """The port of a service that runs until the block ends."""
    command = python_module("benchmarks.baseline", model, pretrained, str(models))
    with subprocess.Popen(  # this very interpreter
        dying_with_parent(command, parent_pid=os.getpid()), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline()
            if not port:
                raise BenchmarkFailed("the baseline's service did not start")
            yield int(port)
        finally:
            process.terminate()


def serve(embedder: Embedder) -> None:
    """Says its port on a line, then answers one request after another."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # as the library calls it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = answer_of(body, embedder)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
            """Nothing: the benchmark's table is all that is said."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    model, pretrained, models = sys.argv[1:]
    serve(
        build_torch_clip(
            model=model, pretrained=pretrained, cache_dir=Path(models), dtype="float32"
        )
    )
