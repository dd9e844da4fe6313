"""One inference service, as the orchestrator needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Captioned,
    Embedded,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from utils.contract import Capabilities
from utils.problems import Rejected


class Inference(Protocol):
    """One inference service. Raises InferenceFault, ModelMismatch.

    A fingerprint says which of its models is to answer.
    """

    @property
    def url(self) -> str:
        """Which of them: for people."""

    async def capabilities(self) -> Capabilities: ...
    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        """By id; every id is answered.

        An Original that is not what was hashed any more is Rejected, whatever the service said.
        """

    async def caption(self, uploads: Mapping[str, Upload], *, fingerprint: str) -> Captioned:
        """Of whole pictures; every id is answered. Raises CaptionsUnavailable, too.

        The fingerprint is that of a model of vectors which the service holds: earlier services
        make a vector besides.
        """

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector: ...
    async def embed_texts(self, texts: Sequence[str], *, fingerprint: str) -> list[QueryVector]:
        """At least one, in their order; by one request."""

    async def embed_image(self, data: bytes, *, fingerprint: str) -> QueryVector: ...
