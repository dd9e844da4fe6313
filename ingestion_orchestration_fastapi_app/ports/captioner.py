"""Whoever says in words what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from utils.contract import ErrorCode
from utils.contract.warnings import WarningDetail
from utils.problems import Rejected


class CaptionNotes(Protocol):
    """Where a job is told what its captioner does and waits for."""

    def note(self, event: str, detail: str = "") -> None: ...
    def warn_of(self, warning: WarningDetail) -> None: ...
    def waiting(
        self, reason: str, code: ErrorCode | None = None
    ) -> AbstractContextManager[None]: ...
    def sending(self) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class WholePicture:
    """Upright, in sRGB and without metadata: a JPEG or a WebP."""

    data: bytes
    media_type: str


class OpenCaptioner(Protocol):
    """A captioner that answers, for one job.

    `side_px`: what it sees of a picture's longest side; more is of no use. `batch_images`: the most
    of one call. `at_once`: calls beside each other.
    """

    @property
    def captioner(self) -> Captioner: ...
    @property
    def side_px(self) -> int: ...
    @property
    def batch_images(self) -> int: ...
    @property
    def at_once(self) -> int: ...

    async def captions(self, pictures: Mapping[str, WholePicture]) -> dict[str, str | Rejected]:
        """By id; every id is answered. Waits for as long as the moment is bad.

        Raises:
            CaptionerChangedError: another one answers by now.
            CaptionsUnavailable: none does, and waiting is of no use.
        """


class SmallJpeg(Protocol):
    def __call__(self, data: bytes, *, side_px: int) -> bytes:
        """A JPEG without metadata, at most so long. Blocking. Raises OSError, ValueError."""


class CaptionEndpoint(Protocol):
    """A captioner of others, which is asked picture by picture."""

    async def caption(self, jpeg: bytes) -> str | Rejected:
        """Rejected: it says nothing of this picture. Raises CaptionerBusy, CaptionerFault."""


class CaptionerPort(Protocol):
    """`name` is how a job asks for it."""

    @property
    def name(self) -> str: ...
    def opened(self, notes: CaptionNotes) -> AbstractAsyncContextManager[OpenCaptioner]:
        """Waits until it answers. Raises CaptionsUnavailable, which says why and what helps."""


class CaptionerChangedError(Exception):
    """Another captioner answers than the one that a job began with."""


class EndpointFault(Exception):
    """A captioner at an endpoint of others did not say what a picture shows."""


class CaptionerBusy(EndpointFault):
    """Come back later. `is_answer`: the picture itself may have been the reason."""

    def __init__(
        self, detail: str, *, retry_after_s: float | None = None, is_answer: bool = True
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.is_answer = is_answer


class CaptionerFault(EndpointFault):
    """It answers otherwise than a captioner does: a setting may be wrong, or the endpoint is."""
