"""Inference services that are slow, held back, or started again in the middle of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from anyio import Event
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.inference.retry_policy import RetryPolicy
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded, Sendable
from ingestion_orchestration_fastapi_app.errors import ConnectionLost
from ingestion_orchestration_fastapi_app.inference_pool import pool
from ingestion_orchestration_fastapi_app.ingest.suspects import embed_control
from tests.fake_inference import FakeInference
from tests.fakes import FakeLibrary, capabilities
from utils.contract import Capabilities
from utils.problems import Rejected


@contextmanager
def short_waits() -> Iterator[None]:
    """Whatever a service is told to be, it is asked again within milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("POLICY", "ASK_POLICY"):
            patch.setattr(pool, name, RetryPolicy(base_s=0.001, max_s=0.004))
        patch.setattr(pool, "CHECK_EVERY_S", 0.001)
        patch.setattr(embed_control, "STRIKE_GAP_S", 0.001)
        yield


@dataclass
class Slow(FakeInference):
    """Answers after so many turns of the event loop."""

    turns: int = 0
    under_way: int = 0

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        self.under_way += 1
        try:
            for _ in range(self.turns):
                await checkpoint()
            return await super().embed(uploads, captions=captions, fingerprint=fingerprint)
        finally:
            self.under_way -= 1


@dataclass
class Held(FakeInference):
    """Answers once it is let go."""

    let_go: Event = field(default_factory=Event)

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        await self.let_go.wait()
        return await super().embed(uploads, captions=captions, fingerprint=fingerprint)


@dataclass
class Restarted(FakeInference):
    """Dies of its first batch; the next time it is asked it is `reborn`, and `other` is let go."""

    other: Held = field(default_factory=Held)
    reborn: Capabilities = field(default_factory=capabilities)
    died: bool = False

    async def capabilities(self) -> Capabilities:
        if self.died:
            self.told = self.reborn
            self.other.let_go.set()
        return await super().capabilities()

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        if not self.died:
            self.died = True
            raise ConnectionLost("lost")
        return await super().embed(uploads, captions=captions, fingerprint=fingerprint)


def images(library: FakeLibrary, number: int) -> None:
    for each in range(number):
        library.put(b"%03d.jpg" % each, b"image %d" % each)
