"""What a job that begins plans with: waits until a service that it can use is known."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    reference_capabilities,
)
from ingestion_orchestration_fastapi_app.errors import CaptionsUnavailable
from ingestion_orchestration_fastapi_app.inference_pool.lease import JobNotes
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from utils.contract import Capabilities, ErrorCode


class WaitNotes(Protocol):
    """Where a job is told that it waits."""

    def waiting(
        self, reason: str, code: ErrorCode | None = None
    ) -> AbstractContextManager[None]: ...


async def until_known(
    pool: InferencePool, *, fingerprint: str | None, captions: bool, notes: JobNotes
) -> Capabilities:
    """Waits, for as long as it takes, until a service holds the model or all answer.

    Returns what a service says that holds another model only where all do.
    """
    await pool.refresh()
    has_noted = False
    while True:
        told = [
            one.capabilities
            for one in pool.endpoints
            if one.capabilities is not None and one.fault is None
        ]
        found = reference_capabilities(told, fingerprint=fingerprint, captions=captions)
        if found is not None:
            return found
        is_decided = not any(one.may_come(fingerprint) for one in pool.endpoints)
        if is_decided and len(told) == len(pool.endpoints):
            return told[0]
        reason = ""
        for endpoint in reversed(pool.endpoints):
            if endpoint.may_come(fingerprint) and endpoint.fault is None:
                reason = f"{endpoint.url}: it still loads models"
            elif endpoint.capabilities is not None and endpoint.fault is None:
                notes.warn_of(endpoint.refusal(fingerprint))
            else:
                reason = f"{endpoint.url}: {endpoint.fault or 'it was not asked yet'}"
        if not has_noted:
            notes.note("waiting_for_ml", reason)
            has_noted = True
        with notes.waiting(reason, ErrorCode.ML_UNAVAILABLE):
            await pool.until_changed()


async def until_captioning(pool: InferencePool, *, notes: WaitNotes) -> Capabilities:
    """Of the first service that makes captions, whatever models of vectors it holds.

    Raises CaptionsUnavailable where all answer, and none does.
    """
    await pool.refresh()
    while True:
        well = [one for one in pool.endpoints if one.fault is None]
        told = [one.capabilities for one in well if one.capabilities is not None]
        for one in told:
            if one.captions.available:
                return one
        if len(told) == len(pool.endpoints):
            why = told[0].captions.detail or "it makes no captions, and does not say why"
            raise CaptionsUnavailable(f"{pool.endpoints[0].url}: {why}")
        away = next(one for one in pool.endpoints if one.fault or one.capabilities is None)
        reason = f"{away.url}: {away.fault or 'it was not asked yet'}"
        with notes.waiting(reason, ErrorCode.ML_UNAVAILABLE):
            await pool.until_changed()
