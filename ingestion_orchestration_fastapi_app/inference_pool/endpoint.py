"""One inference service: what is known of it, and how much it may be sent now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from anyio import Lock, current_time

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    capabilities_for,
    models_of,
)
from ingestion_orchestration_fastapi_app.domain.inference.window import Window
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from utils.contract import Capabilities
from utils.contract.warnings import WarningCode, WarningDetail


class EndpointStatus(StrEnum):
    """What a service can be used for now."""

    UNKNOWN = "unknown"  # it was not asked yet
    READY = "ready"
    COOLING_DOWN = "cooling_down"  # it asked for time
    AWAY = "away"  # it does not answer, or lost a batch and has not passed a canary since


@dataclass(slots=True, eq=False)
class Endpoint:
    """One service. Times are by the event loop's clock.

    Attributes:
        capabilities: as last heard, also while it is away.
        fault: why it is away; None while it answers.
        cooldown_until_s: nothing is sent before; a service that is away is asked again then.
        cooldown_reason: why it cools down.
        faults: batches in a row that it did not answer, for the back-off.
        silences: how often in a row it did not say what it is, likewise.
        canary_model: it lost a batch for that one, and must embed a canary before it is used.
        failed_canaries: how often it lost a canary.
        loading_until_s: by fingerprint, when a model that it loads is asked for again.
        disowned: by fingerprint, what it said when it was sent images for a model that it lists.
        max_images: by fingerprint, where it refused what its capabilities allow.
        reserved_by: who waits to have it alone, or has.
        queries: how many are under way; batches leave them room.
        queries_rest_until_s: it has no place for queries before.
        queries_last_until_s: it was silent on a query; others are asked first until then.
    """

    client: Inference
    capabilities: Capabilities | None = None
    fault: str | None = None
    asked_at_s: float = float("-inf")
    window: Window | None = None
    in_flight: int = 0
    faults: int = 0
    silences: int = 0
    cooldown_until_s: float = float("-inf")
    cooldown_reason: str = ""
    canary_model: str | None = None
    failed_canaries: int = 0
    loading_until_s: dict[str, float] = field(default_factory=dict)
    disowned: dict[str, str] = field(default_factory=dict)
    max_images: dict[str, int] = field(default_factory=dict)
    reserved_by: object = None
    queries: int = 0
    queries_rest_until_s: float = float("-inf")
    queries_last_until_s: float = float("-inf")
    asking: Lock = field(default_factory=Lock)
    _by_model: dict[str, Capabilities | None] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.client.url

    @property
    def status(self) -> EndpointStatus:
        if self.fault is not None:
            return EndpointStatus.AWAY
        if self.capabilities is None:
            return EndpointStatus.UNKNOWN
        if self.cooldown_until_s > current_time():
            return EndpointStatus.COOLING_DOWN
        return EndpointStatus.READY

    @property
    def free_slots(self) -> int:
        """Batches that it would take at once. Queries go first, and leave batches one slot."""
        if self.window is None or self.status is not EndpointStatus.READY:
            return 0
        return max(0, self.window.size - self.in_flight - min(self.queries, self.window.size - 1))

    def capabilities_for(self, fingerprint: str) -> Capabilities | None:
        """None: it does not hold that model, as far as it was heard."""
        if self.capabilities is None or fingerprint in self.disowned:
            return None
        if fingerprint not in self._by_model:  # it is asked for with each file of a job
            self._by_model[fingerprint] = capabilities_for(self.capabilities, fingerprint)
        return self._by_model[fingerprint]

    def may_come(self, fingerprint: str | None) -> bool:
        """Whether that model may be one that the service still loads for the first time."""
        told = self.capabilities
        return told is not None and told.models_to_come > 0 and fingerprint not in models_of(told)

    def ready_at_s(self, fingerprint: str) -> float:
        """When something for that model may be sent, as far as it was heard."""
        return max(self.cooldown_until_s, self.loading_until_s.get(fingerprint, float("-inf")))

    def refusal(self, fingerprint: str | None) -> WarningDetail:
        """Why a service that answers is not used for images of that model."""
        assert self.capabilities is not None
        if fingerprint in self.disowned:
            reason = self.disowned[fingerprint]
            return WarningDetail.of(WarningCode.SERVICE_REFUSED, service=self.url, reason=reason)
        clip = self.capabilities.clip
        return WarningDetail.of(
            WarningCode.SERVICE_OF_ANOTHER_MODEL,
            service=self.url,
            model=clip.model,
            fingerprint=clip.fingerprint,
            wanted=str(fingerprint),
        )

    def heard(self, told: Capabilities) -> None:
        """It answered what it is."""
        if self.capabilities is not None and (
            told.safe_clip_batch,
            told.max_request_bytes,
        ) != (self.capabilities.safe_clip_batch, self.capabilities.max_request_bytes):
            self.max_images.clear()
        self.capabilities, self.silences = told, 0
        self.disowned.clear()
        self._by_model.clear()
        limit = told.queue.limit
        self.window = Window.of_limit(limit) if self.window is None else self.window.capped(limit)

    def disown_captions(self, why: str) -> None:
        """It refused to make some, whatever it said: until it says what it is again."""
        told = self.capabilities
        if told is not None:
            captions = told.captions.model_copy(update={"available": False, "detail": why})
            self.capabilities = told.model_copy(update={"captions": captions})
            self._by_model.clear()

    def well_again(self) -> None:
        self.fault = self.canary_model = None
        self.cooldown_until_s, self.cooldown_reason = float("-inf"), ""

    def cool_down(self, wait_s: float, reason: str) -> None:
        self.cooldown_until_s = max(self.cooldown_until_s, current_time() + wait_s)
        self.cooldown_reason = reason
