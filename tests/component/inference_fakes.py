"""An embedder without a model that obeys the protocol, and a real server around it."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.to_thread
import httpx
import numpy as np
import structlog
from fastapi import FastAPI

from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    DeviceOutOfMemoryError,
    OnPhase,
    Pixels,
    Vectors,
)
from ml_inference_fastapi_app.backends.registry import BACKENDS, Backend, LoadBlip, LoadClip
from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.settings import Settings
from utils.contract import ClipUpload, ProblemBody
from utils.web.serving.server import Server

CONTEXT_CHARACTERS = 100
SIDE_PX = 16
DIM = 8
DESCRIPTION = ClipDescription(
    model="fake",
    weights="none",
    dim=DIM,
    image_size=SIDE_PX,
    fingerprint="fake-1",
    trained=False,
    dtype="float32",
    backend="fake",
    compiled=False,
    device="cpu",
    upload=ClipUpload(side_px=SIDE_PX, crop="center"),
)


@dataclass
class FakeEmbedder:
    """Vectors are a hash of the pixels. `fits` is the largest batch that the device holds.

    While `gate` is clear, the model thread stands in whatever is called next.
    """

    fits: int = 10_000
    poison: Callable[[Pixels], bool] = lambda _pixels: False
    description: ClipDescription = DESCRIPTION
    sizes: Sequence[int] = ()
    conditions: Sequence[str] = ("a fake",)
    drift: int = 0  # another number, other vectors
    calls: list[int] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def embed_images(self, pixels: Pixels) -> Vectors:
        assert pixels.dtype == np.uint8
        assert pixels.shape[1:] == (SIDE_PX, SIDE_PX, 3)
        self.calls.append(len(pixels))
        self.entered.set()
        self.gate.wait(30)
        if len(pixels) > self.fits:
            raise DeviceOutOfMemoryError
        if any(self.poison(image) for image in pixels):
            raise RuntimeError("poisoned")
        return np.stack([vector_of(image.tobytes(), drift=self.drift) for image in pixels])

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([vector_of(text.encode(), drift=self.drift) for text in texts])

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        return [len(text) > CONTEXT_CHARACTERS for text in texts]

    def prepare(self, on_phase: OnPhase) -> None:
        """Nothing of it is compiled."""

    def warm(self, largest: int) -> Generator[None, None, None]:
        yield  # nothing of it is lazy

    def memory_bytes(self) -> int:
        return 1_000_000

    def memory_limit_bytes(self) -> int:
        return 1_000_000_000


def vector_of(data: bytes, *, drift: int = 0) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(data).digest()[:8]) + drift
    vector = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def picture(seed: int) -> bytes:
    """The pixels of a picture at the model's side."""
    return np.random.default_rng(seed).integers(0, 256, SIDE_PX * SIDE_PX * 3, np.uint8).tobytes()


def ppm(pixels: bytes, side_px: int = SIDE_PX) -> bytes:
    return b"P6\n%d %d\n255\n" % (side_px, side_px) + pixels


def files(*uploads: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """For httpx: explicit types, since guessing them reads the disk."""
    return [("files", (name, data, "image/x-portable-pixmap")) for name, data in uploads]


def settings(**given: object) -> Settings:
    """Without the environment of whoever runs the tests, and without captions."""
    own = {"decode_workers": 2, "ml_intra_op_threads": 1, "disable_captions": True}
    return Settings.model_validate({**own, **given})


@dataclass
class Served:
    url: str
    app: FastAPI
    fatal: threading.Event


@asynccontextmanager
async def served(
    embedder: FakeEmbedder,
    *,
    load: LoadClip | None = None,
    load_captions: LoadBlip = BACKENDS["torch"].load_blip,
    **given: object,
) -> AsyncIterator[Served]:
    """A real server on a free loopback port, with its event loop in a thread of its own."""
    fatal = threading.Event()
    folder = TemporaryDirectory()  # what one start remembers is nothing to another test
    app = create_app(
        settings(**{"model_cache_dir": Path(folder.name), **given}),
        backend=Backend(load or (lambda _options, _on_phase: embedder), load_captions),
        on_fatal=fatal.set,
    )
    server = Server(app, host="127.0.0.1", port=0, max_connections=1024, loop="asyncio")
    started = threading.Event()
    startup = server.startup

    async def startup_and_tell(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = startup_and_tell  # type: ignore[method-assign]  # it tells nobody itself
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        assert await anyio.to_thread.run_sync(started.wait, 60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", app, fatal)
    finally:
        embedder.gate.set()
        server.should_exit = True
        await anyio.to_thread.run_sync(thread.join, 60)
        folder.cleanup()


@contextmanager
def quiet() -> Iterator[None]:
    """Where a traceback is expected: unconfigured, structlog takes seconds to draw one."""
    with structlog.testing.capture_logs():
        yield


async def eventually(met: Callable[[], Awaitable[bool]]) -> None:
    """For what shows only from outside, by asking: whether a server has noticed something."""
    with anyio.fail_after(60):
        while not await met():  # the other side of HTTP sets no event
            await anyio.sleep(0.01)


async def loaded(client: httpx.AsyncClient, path: str = "/api/v1/capabilities") -> None:
    async def met() -> bool:
        return (await client.get(path)).status_code == 200

    await eventually(met)


def problem_of(response: httpx.Response) -> ProblemBody:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = ProblemBody.model_validate(response.json())
    assert problem.status == response.status_code
    return problem
