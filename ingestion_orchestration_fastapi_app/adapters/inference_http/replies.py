"""What the inference service's answers mean: results, refusals, faults."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from typing import TypeVar

import httpx
import numpy as np
from pydantic import BaseModel, ValidationError

from ingestion_orchestration_fastapi_app.domain.captions.replies import cleaned_caption
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Captioned, Embedded
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    CaptionsUnavailable,
    ConnectionLost,
    InferenceFault,
    ModelIsLoading,
    ModelMismatch,
    Overloaded,
    Unreachable,
)
from utils.contract import BatchItem, BatchReply, EmbedTextReply, ErrorCode, ProblemBody
from utils.problems import Problem, Rejected, ValidationProblem

M = TypeVar("M", bound=BaseModel)

UNIT_NORM_TOLERANCE = 1e-2


def fault_of(response: httpx.Response) -> InferenceFault | Problem:
    try:
        problem = ProblemBody.model_validate_json(response.content)
    except ValidationError:
        problem = None
    detail = problem.detail if problem else f"the service answered {response.status_code}"
    if response.status_code in (408, 429, 503):
        is_loading = problem is not None and problem.code is ErrorCode.MODEL_LOADING
        kind = ModelIsLoading if is_loading else Overloaded
        return kind(detail, retry_after_s=_retry_after_s(response, problem))
    if problem is not None and problem.code is ErrorCode.MODEL_MISMATCH:
        return ModelMismatch(detail)
    if problem is not None and problem.code is ErrorCode.CAPTIONS_UNAVAILABLE:
        return CaptionsUnavailable(detail)
    if response.status_code == 413:
        return BatchRefused(detail)
    if response.status_code in (401, 403, 404, 405, 421):
        return Unreachable(f"the inference service refuses us: {detail}")
    if response.status_code < 500 and problem and problem.code is not ErrorCode.INTERNAL:
        return ValidationProblem(detail)
    return ConnectionLost(detail)


def _retry_after_s(response: httpx.Response, problem: ProblemBody | None) -> float | None:
    if problem is not None and problem.retry_after_ms is not None:
        return problem.retry_after_ms / 1000
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None


def parsed(model: type[M], response: httpx.Response) -> M:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as exc:
        raise ConnectionLost("the inference service's answer is not what it should be") from exc


def check_fingerprint(got: str, wanted: str) -> None:
    if got != wanted:
        raise ModelMismatch(
            f"the inference service runs model {got} now, the collection was made by {wanted}"
        )


def answer_of(item: BatchItem, caption_fingerprint: str | None) -> Embedded | Rejected:
    """An error beside a vector is of the caption alone: it costs no image its point."""
    embedding, error = item.embedding, item.error
    if isinstance(embedding, str):
        try:
            raw = base64.b64decode(embedding, validate=True)
            vector = np.frombuffer(raw, dtype="<f4").astype(np.float32)
        except (binascii.Error, ValueError):
            return Rejected(ErrorCode.CLIP_INFER, "the vector could not be read")
        norm = float(np.linalg.norm(vector)) if vector.size else 0.0
        if not abs(norm - 1) < UNIT_NORM_TOLERANCE:  # also true for NaN
            return Rejected(ErrorCode.CLIP_INFER, f"the vector is not of unit length: {norm:.3f}")
        return Embedded(
            vector=vector,
            caption=item.caption,
            caption_fingerprint=caption_fingerprint,
            fault=None if error is None else Rejected(error.code, error.detail),
        )
    if error is not None:
        return Rejected(error.code, error.detail)
    return Rejected(ErrorCode.CLIP_INFER, "the service answered no vector")


def captions_of(reply: BatchReply, asked: Collection[str]) -> Captioned:
    """Raises CaptionsUnavailable, ConnectionLost."""
    if reply.caption_fingerprint is None:
        raise CaptionsUnavailable("the service writes no captions now, and does not say why")
    captions = {item.id: _caption_of(item) for item in reply.results if item.id in asked}
    if len(captions) != len(asked):
        raise ConnectionLost(f"the answer has {len(captions)} of {len(asked)} results")
    return Captioned(captions, reply.caption_fingerprint)


def _caption_of(item: BatchItem) -> str | Rejected:
    if item.error is not None:
        return Rejected(item.error.code, item.error.detail)
    return cleaned_caption(item.caption or "")


def query_vectors(reply: EmbedTextReply, number: int) -> list[QueryVector]:
    """Of so many texts, in their order. A service of an earlier version does not say what it cut
    off.
    """
    if len(reply.embeddings) != number:
        raise Unreachable("the service answered no vector for the text")
    cut = reply.truncated or (False,) * number
    return [
        QueryVector(np.asarray(one, dtype=np.float32), reply.fingerprint, truncated=is_cut)
        for one, is_cut in zip(reply.embeddings, cut, strict=False)
    ]
