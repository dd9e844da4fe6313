"""What the orchestrator and its inference services can do now."""

from __future__ import annotations

from enum import StrEnum

from utils.contract.base import Reply
from utils.contract.inference import Capabilities, Health


class InferenceSummary(Reply):
    """Of all services together: `url` is of the one whose model new collections get."""

    url: str
    reachable: bool
    detail: str | None


class InferenceState(StrEnum):
    """Of one service. OTHER_MODEL: than the first of the setting that answers."""

    READY = "ready"
    AWAY = "away"
    OTHER_MODEL = "other_model"


class InferenceService(Reply):
    """`fingerprint` is the last that it was heard to have; `detail` says why it is not ready."""

    url: str
    state: InferenceState
    fingerprint: str | None
    detail: str | None


class OrchestratorHealth(Health):
    """`detail` says why jobs and searches wait, where no inference service answers."""

    inference: tuple[InferenceService, ...]


class OrchestratorCapabilities(Reply):
    """`safe_clip_batch` is 0 while the inference service has never been reached."""

    safe_clip_batch: int
    batch_size: int
    formats: tuple[str, ...]
    captions_available: bool
    ingest_roots: tuple[str, ...]
    inference: InferenceSummary
    inference_services: tuple[InferenceService, ...]
    ml: Capabilities | None
