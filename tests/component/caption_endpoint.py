"""A captioner at an endpoint: a real HTTP server that speaks both protocols, well or not at all."""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import numpy as np
from PIL import Image

JSON = "application/json"
COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Answer:
    """`text` in a reply as it should be; with a `body` that instead. `silent`: none, until the
    server ends. `cut`: the connection ends in the middle of it.
    """

    text: str | None = None
    status: int = 200
    media_type: str = JSON
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Heard:
    path: str
    headers: Mapping[str, str]
    body: dict[str, object]
    prompt: str
    jpeg: bytes


@dataclass
class StandInCaptioner:
    """`script` has the next answers; then it says what each picture shows: its strongest colour, or
    the picture itself where it is a text. `poison`: of these pictures it answers always so.
    """

    url: str = ""
    script: deque[Answer] = field(default_factory=deque)
    poison: dict[bytes, Answer] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def answer(self, heard: Heard) -> Answer:
        self.heard.append(heard)
        if heard.jpeg in self.poison:
            return self.poison[heard.jpeg]
        return self.script.popleft() if self.script else Answer(shown(heard.jpeg))

    @property
    def pictures(self) -> list[bytes]:
        return [one.jpeg for one in self.heard]


def shown(picture: bytes) -> str:
    if not picture.startswith(b"\xff\xd8"):
        return picture.decode()
    with Image.open(BytesIO(picture)) as image:
        mean = np.asarray(image.convert("RGB"), dtype=np.float32).mean(axis=(0, 1))
    return f"something {COLOURS[int(mean.argmax())]}"


@contextmanager
def caption_endpoint() -> Iterator[StandInCaptioner]:
    stand_in = StandInCaptioner()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard = _heard(self.path, dict(self.headers), body)
            answer = stand_in.answer(heard)
            if answer.silent:
                stand_in.ended.wait(60)
                self.close_connection = True
                return
            content = answer.body if answer.body is not None else _reply(self.path, answer.text)
            try:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.media_type)
                self.send_header("Content-Length", str(len(content)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if answer.cut else content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            if answer.cut:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _heard(path: str, headers: Mapping[str, str], body: dict[str, object]) -> Heard:
    messages = body["messages"]
    assert isinstance(messages, list)
    (message,) = messages
    if path.endswith("/api/chat"):
        prompt, encoded = message["content"], message["images"][0]
    else:
        text, picture = message["content"]
        prompt = text["text"]
        encoded = picture["image_url"]["url"].removeprefix("data:image/jpeg;base64,")
    return Heard(path, headers, body, prompt, base64.b64decode(encoded, validate=True))


def _reply(path: str, text: str | None) -> bytes:
    message = {"role": "assistant", "content": text}
    if path.endswith("/api/chat"):
        return json.dumps({"message": message, "done": True}).encode()
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"choices": [choice]}).encode()
