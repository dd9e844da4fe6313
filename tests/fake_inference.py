"""An inference service in memory, which may be told to fail as a real one does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Captioned,
    Embedded,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.errors import (
    CaptionsUnavailable,
    ModelMismatch,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.inference_pool.canary import CANARY_ID
from tests.fakes import FakeLibrary, capabilities, vector_of
from utils.contract import (
    Capabilities,
    ErrorCode,
)
from utils.problems import Rejected

Behaviour = Callable[[Mapping[str, Upload]], None]


@dataclass
class FakeInference:
    """Answers at once, after `behaviour` had its chance to raise what a real service causes.

    `behaviour` sees what is in memory; originals are then read from `library`.
    """

    behaviour: Behaviour = lambda uploads: None
    library: FakeLibrary | None = None
    told: Capabilities = field(default_factory=capabilities)
    url: str = "http://ml"
    away: bool = False  # nobody answers there
    batches: list[list[bytes]] = field(default_factory=list)
    asked_for: str = ""  # the model of the last batch
    canaries: int = 0  # of these there is none in `batches`
    captioned: list[list[bytes]] = field(default_factory=list)  # batches for captions alone
    unnamed: str | None = None  # the captioner's fingerprint, which capabilities do not tell yet
    running: int = 0
    most_running: int = 0

    async def capabilities(self) -> Capabilities:
        await self._reached()
        return self.told

    async def _reached(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.away:
            raise Unreachable("the inference service cannot be reached")

    def _embedded(self, data: bytes, *, captions: bool) -> Embedded:
        """Its caption is the content itself; `wordless` content has none."""
        named = self.told.captions.fingerprint
        if not captions:
            return Embedded(vector_of(data))
        if b"wordless" in data:
            fault = Rejected(ErrorCode.BLIP_INFER, "no word")
            return Embedded(vector_of(data), None, named, fault)
        return Embedded(vector_of(data), data.decode(), named)

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self._reached()
            self.asked_for = fingerprint
            self.behaviour({key: one for key, one in uploads.items() if isinstance(one, Upload)})
        finally:
            self.running -= 1
        if self._answering(fingerprint) != fingerprint:
            raise ModelMismatch("another model")
        if CANARY_ID in uploads:
            self.canaries += 1
            return {CANARY_ID: Embedded(vector_of(b"canary"))}
        sent = {upload_id: self._sent(upload) for upload_id, upload in uploads.items()}
        self.batches.append([data for data in sent.values() if isinstance(data, bytes)])
        answers: dict[str, Embedded | Rejected] = {}
        for upload_id, data in reversed(list(sent.items())):  # in another order
            if isinstance(data, Rejected):
                answers[upload_id] = data
            elif b"unembeddable" in data:
                answers[upload_id] = Rejected(ErrorCode.CLIP_INFER, "no vector")
            else:
                answers[upload_id] = self._embedded(data, captions=captions)
        return answers

    def _sent(self, upload: Sendable) -> bytes | Rejected:
        if isinstance(upload, Upload):
            return upload.data
        assert self.library is not None
        if self.library.failing(upload.file.path):
            return Rejected(ErrorCode.FILE_READ, "input/output error")
        data = self.library.files[upload.file.path].data
        same = hashlib.sha256(data).digest() == upload.sha256
        return data if same else Rejected(ErrorCode.FILE_CHANGED, "changed")

    async def caption(self, uploads: Mapping[str, Upload], *, fingerprint: str) -> Captioned:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self._reached()
            self.behaviour(uploads)
        finally:
            self.running -= 1
        named = self.told.captions.fingerprint or self.unnamed
        if not self.told.captions.available or named is None:
            raise CaptionsUnavailable(self.told.captions.detail or "it has no captioner")
        if CANARY_ID in uploads:
            self.canaries += 1
            return Captioned({CANARY_ID: "a canary"}, named)
        said = {one: self._embedded(sent.data, captions=True) for one, sent in uploads.items()}
        self.captioned.append([sent.data for sent in uploads.values()])
        return Captioned(
            {one: answer.caption or answer.fault or "" for one, answer in said.items()}, named
        )

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        await self._reached()
        return QueryVector(vector_of(text.encode()), self._answering(fingerprint))

    async def embed_texts(self, texts: Sequence[str], *, fingerprint: str) -> list[QueryVector]:
        return [await self.embed_text(text, fingerprint=fingerprint) for text in texts]

    async def embed_image(self, data: bytes, *, fingerprint: str) -> QueryVector:
        await self._reached()
        return QueryVector(vector_of(data), self._answering(fingerprint))

    def _answering(self, fingerprint: str) -> str:
        """A service of one model passes over what it is asked for."""
        held = [one.fingerprint for one in self.told.models] or [self.told.clip.fingerprint]
        if fingerprint not in held and self.told.models:
            raise ModelMismatch(f"it holds {held}")
        return fingerprint if fingerprint in held else held[0]

    @property
    def inferred(self) -> list[bytes]:
        return [data for batch in self.batches for data in batch]
