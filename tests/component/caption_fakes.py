"""A captioner without a model that obeys the protocol, and calls that ask it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from ml_inference_fastapi_app.backends.base import CaptionerDescription, Pixels, Vectors
from ml_inference_fastapi_app.backends.blip.source import BlipSource
from ml_inference_fastapi_app.tiny_models.tiny_captions.train import HERE
from tests.component.inference_fakes import FakeEmbedder, Served, ppm
from utils.contract import BatchReply

URL = "/api/v1/batch_embed_and_caption"
WHOLE_PX = 72
WORDS = 3


@dataclass
class FakeCaptioner:
    """Says the mean of what it sees, in WORDS steps. `poison` makes it fail on a picture."""

    poison: Callable[[Pixels], bool] = lambda _pixels: False
    loads: int = 0
    events: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    loading: threading.Event = field(default_factory=threading.Event)
    load_gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self.load_gate.set()

    def load(self, source: BlipSource, device: str, dtype: str) -> FakeCaptioner:
        self.loads += 1
        self.loading.set()
        assert self.load_gate.wait(60)
        self.description = CaptionerDescription(
            model=source.model,
            fingerprint=source.fingerprint,
            side_px=source.side_px,
            quantization=source.quantization,
            dtype=dtype,
            device=device,
        )
        return self

    def captions(self, pixels: Pixels) -> Generator[None, None, list[str]]:
        assert pixels.shape[1:] == (WHOLE_PX, WHOLE_PX, 3)
        for _ in range(WORDS):
            self.entered.set()
            self.gate.wait(30)
            self.events.append("word")
            yield
        if any(self.poison(image) for image in pixels):
            raise RuntimeError("poisoned")
        return [str(round(float(image.mean()))) for image in pixels]

    def memory_bytes(self) -> int:
        return 1_000_000

    def memory_limit_bytes(self) -> int:
        return 1_000_000_000


def blip_folder(within: Path) -> Path:
    """A folder that has everything but weights that mean something."""
    folder = within / "blip"
    shutil.copytree(HERE, folder)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def grey(level: int) -> bytes:
    return ppm(np.full((WHOLE_PX, WHOLE_PX, 3), level, np.uint8).tobytes(), WHOLE_PX)


def with_caption_images(
    *uploads: tuple[str, bytes, bytes], field: str = "caption_images"
) -> list[tuple[str, tuple[str, bytes, str]]]:
    kind = "image/x-portable-pixmap"
    return [
        part
        for name, data, whole in uploads
        for part in ((field, (name, whole, kind)), ("files", (name, data, kind)))
    ]


async def captioned(client: httpx.AsyncClient, parts: object) -> BatchReply:
    response = await client.post(URL, params={"captions": "true"}, files=parts)  # type: ignore[arg-type]  # as httpx takes them
    assert response.status_code == 200, response.text
    return BatchReply.model_validate(response.json())


def tell_of_queries(embedder: FakeEmbedder, events: list[str]) -> None:
    embed = embedder.embed_texts

    def embed_and_tell(texts: Sequence[str]) -> Vectors:
        events.append("query")
        return embed(texts)

    embedder.embed_texts = embed_and_tell  # type: ignore[method-assign]  # tells when it is called


async def is_queued(service: Served) -> bool:
    return bool(service.app.state.engine.thread.queued())
