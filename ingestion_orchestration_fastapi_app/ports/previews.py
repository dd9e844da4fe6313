"""Large pictures for people to look at: how they are made, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content
from utils.problems import Rejected


class PreviewFormat(StrEnum):
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class PreviewKey:
    """`version` says how previews are made, `picture` what is shown (a content as it is turned)."""

    version: str
    picture: bytes
    side_px: int
    encoding: PreviewFormat


class PreviewCache(Protocol):
    """By content. A loss costs time alone."""

    async def get(self, key: PreviewKey) -> bytes | None: ...
    async def put(self, key: PreviewKey, preview: bytes) -> None: ...


class PreviewRendering(Protocol):
    """Upright, in sRGB, no longer than `side_px` and never enlarged.

    `version` changes whenever previews would.
    """

    version: str

    async def render(
        self, content: Content, *, side_px: int, min_side_px: int, encoding: PreviewFormat
    ) -> bytes | Rejected:
        """`min_side_px`: no side need be decoded at less, so that the result is `side_px` long.

        Raises:
            DecodersDownError, MemoryError: the moment's fault.
        """
