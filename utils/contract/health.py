"""What the orchestrator and its inference services can do now."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field

from utils.contract.base import Reply
from utils.contract.captions.captioner import CaptionerReply
from utils.contract.examples import INFERENCE_SERVICE, ORCHESTRATOR
from utils.contract.inference import Capabilities, Health


class InferenceSummary(Reply):
    """Of all services together."""

    url: str = Field(description="Of the service whose model new collections get.")
    reachable: bool = Field(description="Whether any service answers.")
    detail: str | None = Field(description="Why none answers.")
    max_requests: int = Field(
        default=0, description="Requests that the services of that model admit at once, together."
    )
    max_images: int = Field(default=0, description="Images that fit into those requests together.")


class InferenceState(StrEnum):
    """Of one service. OTHER_MODEL: than the first of the setting that answers."""

    READY = "ready"
    AWAY = "away"
    OTHER_MODEL = "other_model"


class InferenceService(Reply):
    """One inference service."""

    model_config = ConfigDict(json_schema_extra={"examples": [INFERENCE_SERVICE]})

    url: str = Field(description="Where it is.")
    state: InferenceState = Field(
        description="`ready`, `away`, or `other_model`: than the first that answers."
    )
    fingerprint: str | None = Field(description="Of its model, as it was last heard.")
    detail: str | None = Field(description="Why it is not ready.")
    models: tuple[str, ...] = Field(
        default=(), description="Fingerprints of all its models, the default one first."
    )
    max_requests: int = Field(
        default=0, description="Requests that jobs send to it at once, as learned from its answers."
    )


class OrchestratorHealth(Health):
    """The orchestrator's health, and that of what it needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "ok", "detail": None, "inference": [INFERENCE_SERVICE]}]
        }
    )

    inference: tuple[InferenceService, ...] = Field(
        description="Each inference service; `detail` says why jobs and searches wait."
    )


class OrchestratorCapabilities(Reply):
    """What can be asked of this orchestrator."""

    model_config = ConfigDict(json_schema_extra={"examples": [ORCHESTRATOR]})

    safe_clip_batch: int = Field(
        description="Images that the inference service takes at once; 0 while it was never reached."
    )
    batch_size: int = Field(description="Images that jobs send at once.")
    formats: tuple[str, ...] = Field(description="The formats that are read.")
    captions_available: bool = Field(description="Whether an import may ask for captions.")
    captioners: tuple[CaptionerReply, ...] = Field(
        default=(), description="Whom caption jobs may ask; the first is `auto`."
    )
    ingest_roots: tuple[str, ...] = Field(
        description="The folders below which directories may be imported."
    )
    inference: InferenceSummary = Field(description="All inference services together.")
    inference_services: tuple[InferenceService, ...] = Field(
        description="Each inference service, in the order of the setting."
    )
    ml: Capabilities | None = Field(
        description="What the inference service says of itself; null while it was never reached."
    )
