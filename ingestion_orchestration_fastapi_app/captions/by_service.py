"""The inference services' captioner: batches go to whoever has room, and again after a fault."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from ingestion_orchestration_fastapi_app.domain.inference.batching import halves
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Captioned, Upload
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    InferenceFault,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.inference_pool.canary import caption_canary
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.inference_pool.lease import InferenceLease
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.start import until_captioning
from ingestion_orchestration_fastapi_app.ports.captioner import (
    CaptionerChangedError,
    CaptionNotes,
    OpenCaptioner,
    WholePicture,
)
from utils.contract import Capabilities, ErrorCode
from utils.problems import Rejected

SERVICE = "service"
AT_ONCE = 2  # a batch on the device, and one behind it
DISCONNECTS_BEFORE_CUT = 2  # a connection may be lost for any reason once
STRIKES = 2
STRIKE_GAP_S = 10.0  # a bad moment may be that long, and pass


@dataclass(frozen=True, slots=True)
class ServiceCaptioner:
    """Implements `CaptionerPort`: BLIP, by whichever service has it."""

    pool: InferencePool
    batch_images: int
    name: str = SERVICE

    @asynccontextmanager
    async def opened(self, notes: CaptionNotes) -> AsyncIterator[OpenCaptioner]:
        told = await until_captioning(self.pool, notes=notes)
        lease = InferenceLease(
            self.pool,
            reference=told,
            captions=True,
            batch_images=self.batch_images,
            notes=notes,
            captions_alone=True,
        )
        with lease.opened():
            sending = _Sending(lease, notes)
            yield _Opened(sending, told, await sending.fingerprint(told))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Pictures that are to be sent. `disconnects`: connections lost on exactly these."""

    pictures: dict[str, Upload]
    disconnects: int = 0


class _Opened:
    """Implements `OpenCaptioner`."""

    def __init__(self, sending: _Sending, told: Capabilities, fingerprint: str) -> None:
        model = told.captions.model or "the inference service's captioner"
        self.captioner = Captioner(fingerprint, model)
        self.side_px = told.upload.caption.side_px
        self.at_once = AT_ONCE
        self._sending = sending

    @property
    def batch_images(self) -> int:
        return self._sending.lease.limits.max_images

    async def captions(self, pictures: Mapping[str, WholePicture]) -> dict[str, str | Rejected]:
        """A picture that alone takes a service down, twice between two that do not, is refused."""
        uploads = {key: Upload(one.data, one.media_type) for key, one in pictures.items()}
        said: dict[str, str | Rejected] = {}
        attempts = deque([_Attempt(uploads)])
        while attempts:
            attempt = attempts.popleft()
            if len(attempt.pictures) == 1 and attempt.disconnects:
                said |= await self._judged(attempt.pictures)
                continue
            endpoint = await self._sending.acquired(alone=attempt.disconnects > 0)
            limits = self._sending.lease.limits_of(endpoint)
            first = limits.fitting(one.size_bytes for one in attempt.pictures.values())
            if first < len(attempt.pictures):
                items = list(attempt.pictures.items())
                attempts.appendleft(replace(attempt, pictures=dict(items[first:])))
                attempt = replace(attempt, pictures=dict(items[:first]))
            try:
                said |= self._checked(await self._sending.sent(endpoint, attempt.pictures))
            except ConnectionLost:
                attempts.extendleft(_after_loss(attempt))
            except BatchRefused as exc:
                if len(attempt.pictures) == 1:
                    said |= dict.fromkeys(
                        attempt.pictures, Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))
                    )
                    continue
                self._sending.lease.lower_limit(endpoint, len(attempt.pictures) // 2)
                attempts.extendleft(_cut(attempt, disconnects=0))
            except (InferenceFault, ModelMismatch):
                attempts.appendleft(attempt)  # nothing is wrong with it
        return said

    def _checked(self, answer: Captioned) -> dict[str, str | Rejected]:
        if answer.fingerprint != self.captioner.fingerprint:
            raise CaptionerChangedError(answer.fingerprint)
        return dict(answer.captions)

    async def _judged(self, picture: dict[str, Upload]) -> dict[str, str | Rejected]:
        """It is the picture only if it fails alone, twice, between two canaries that pass."""
        acquired, strikes = self._sending.acquired, 0
        while strikes < STRIKES:
            if not await self._sending.passes_canary(await acquired(alone=True)):
                continue
            endpoint = await acquired(alone=True)
            try:
                return self._checked(await self._sending.sent(endpoint, picture))
            except ConnectionLost:
                if await self._sending.passes_canary(await acquired(alone=True)):
                    strikes += 1
                    if strikes < STRIKES:
                        await sleep(STRIKE_GAP_S)
            except BatchRefused as exc:
                return dict.fromkeys(picture, Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc)))
            except (InferenceFault, ModelMismatch):
                continue  # no answer
        fault = Rejected(
            ErrorCode.BLIP_INFER,
            f"the inference service failed {STRIKES} times on this picture alone, and captioned "
            "another one before and after each time",
        )
        return dict.fromkeys(picture, fault)


class _Sending:
    """Requests in slots that are held, and given back."""

    def __init__(self, lease: InferenceLease, notes: CaptionNotes) -> None:
        self.lease = lease
        self._notes = notes

    async def acquired(self, *, alone: bool = False) -> Endpoint:
        """Raises CaptionsUnavailable; CaptionerChangedError where services have other models."""
        try:
            return await self.lease.acquire(alone=alone)
        except ModelMismatch as exc:
            raise CaptionerChangedError(exc.detail) from exc

    async def fingerprint(self, told: Capabilities) -> str:
        """Of weights that are yet to be fetched it is known when they are here."""
        while told.captions.fingerprint is None:
            endpoint = await self.acquired()
            try:
                return (await self._answer(endpoint, None)).fingerprint
            except (InferenceFault, ModelMismatch):
                continue
        return told.captions.fingerprint

    async def sent(self, endpoint: Endpoint, pictures: dict[str, Upload]) -> Captioned:
        """Raises InferenceFault, ModelMismatch."""
        with self._notes.sending():
            return await self._answer(endpoint, pictures)

    async def passes_canary(self, endpoint: Endpoint) -> bool:
        try:
            await self._answer(endpoint, None)
        except (InferenceFault, ModelMismatch):
            return False
        return True

    async def _answer(self, endpoint: Endpoint, pictures: dict[str, Upload] | None) -> Captioned:
        told = endpoint.capabilities_for(self.lease.fingerprint)
        try:
            if pictures is None:
                assert told is not None, "it was acquired"
                answer = await caption_canary(endpoint.client, told)
            else:
                answer = await endpoint.client.caption(pictures, fingerprint=self.lease.fingerprint)
        except (InferenceFault, ModelMismatch) as exc:
            self.lease.failed(endpoint, exc)
            raise
        self.lease.succeeded(endpoint)
        return answer


def _after_loss(attempt: _Attempt) -> list[_Attempt]:
    """Cut where it was lost twice, whoever lost it, until one picture is left."""
    disconnects = attempt.disconnects + 1
    if disconnects < DISCONNECTS_BEFORE_CUT or len(attempt.pictures) == 1:
        return [replace(attempt, disconnects=disconnects)]
    return _cut(attempt, disconnects=1)  # the next loss cuts a half


def _cut(attempt: _Attempt, *, disconnects: int) -> list[_Attempt]:
    parts = halves(list(attempt.pictures.items()))
    return [_Attempt(dict(part), disconnects) for part in parts]
