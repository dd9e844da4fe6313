"""The inference services of this process: one opinion of their health, and slots for jobs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from anyio import Event, create_task_group, current_time, move_on_after, move_on_at

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    reference_capabilities,
)
from ingestion_orchestration_fastapi_app.domain.inference.retry_policy import RetryPolicy
from ingestion_orchestration_fastapi_app.domain.search.relevance.sigmoid import Sigmoid
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    CaptionsUnavailable,
    ConnectionLost,
    InferenceFault,
    ModelIsLoading,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.inference_pool.canary import send_canary
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint, EndpointStatus
from ingestion_orchestration_fastapi_app.inference_pool.slots import Slots
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from utils.contract import Capabilities
from utils.contract.warnings import WarningCode, WarningDetail

POLICY = RetryPolicy()
ASK_POLICY = RetryPolicy(max_s=5.0)
CHECK_EVERY_S = 15.0  # of a service that is well, or is not what was wanted
CHECK_LOADING_EVERY_S = 2.0  # of one that has not named all of its models yet
MAX_AGE_S = 5.0  # of an opinion that somebody asks for
MAX_FAULT_AGE_S = 0.5  # a service that has just come up is seen at once
QUERIES_LAST_S = 15.0
REFRESH_LIMIT_S = 2.0


class InferencePool:
    """Lives as long as the process, on the event loop; nothing awaits between look and change.

    Jobs and queries learn from it and tell it. A service that asks for time cools down. One that
    does not answer is away until it says what it is; one that lost a batch must embed a canary
    picture as well.
    """

    def __init__(
        self, services: Sequence[Inference], *, jitter: Callable[[], float] = random.random
    ) -> None:
        self.endpoints = tuple(Endpoint(one) for one in services)
        self.slots = Slots()
        self._jitter = jitter
        self._changed = Event()
        self._listeners: list[Callable[[], None]] = []

    async def health_check_loop(self) -> None:
        """Asks each service what it is, whenever that is due, until cancelled."""
        async with create_task_group() as tg:
            for endpoint in self.endpoints:
                tg.start_soon(self._keep_checked, endpoint)

    async def refresh(self) -> None:
        """Asks those whose answer is old. One question at a time, however many want to know.

        Whoever wants to know does not wait for a service that hangs: the last answer counts.
        """
        max_age_s = MAX_AGE_S if any(map(_answers, self.endpoints)) else MAX_FAULT_AGE_S
        oldest_s = current_time() - max_age_s
        with move_on_after(REFRESH_LIMIT_S):
            async with create_task_group() as tg:
                for endpoint in self.endpoints:
                    tg.start_soon(self._ask, endpoint, oldest_s)

    async def until_changed(self, *, until_s: float = float("inf")) -> None:
        """Until something is known of a service, or a slot is given back, or until then."""
        with move_on_at(until_s):
            await self._changed.wait()

    def listen(self, listener: Callable[[], None]) -> None:
        """Called at each change, until `unlisten`."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    def report_answer(self, endpoint: Endpoint) -> None:
        """It answered a batch."""
        if endpoint.fault is None and endpoint.window is not None:
            endpoint.window = endpoint.window.answered()
            endpoint.faults = 0
            endpoint.well_again()
        self.notify()

    def report_fault(
        self, endpoint: Endpoint, fault: InferenceFault | ModelMismatch, *, fingerprint: str
    ) -> None:
        """It did not answer a batch for that model."""
        if isinstance(fault, ModelMismatch):
            endpoint.disowned[fingerprint] = fault.detail
            endpoint.asked_at_s = current_time()
        elif isinstance(fault, ModelIsLoading):  # its other models are none the worse for it
            wait_s = POLICY.wait_s(0, asked_s=fault.retry_after_s, jitter=self._jitter())
            endpoint.loading_until_s[fingerprint] = current_time() + wait_s
        elif isinstance(fault, Overloaded):
            if endpoint.window is not None and endpoint.fault is None:
                endpoint.window = endpoint.window.overloaded()
            self._rest(endpoint, fault)
        elif isinstance(fault, CaptionsUnavailable):
            endpoint.disown_captions(str(fault))
        elif not isinstance(fault, BatchRefused):
            if isinstance(fault, ConnectionLost):
                endpoint.canary_model = fingerprint
            if endpoint.fault is None:  # otherwise another batch said so first
                self._set_away(endpoint, fault)
        self.notify()

    @contextmanager
    def query_slot(self, endpoint: Endpoint) -> Iterator[None]:
        """A query waits for no slot: the next batch waits for the query."""
        endpoint.queries += 1
        try:
            yield
        finally:
            endpoint.queries -= 1
            self.notify()

    def report_query_refused(self, endpoint: Endpoint, fault: Overloaded) -> None:
        """It has no place for queries; theirs are others than those of batches."""
        if fault.retry_after_s is not None:
            endpoint.queries_rest_until_s = current_time() + fault.retry_after_s

    def report_silence(self, endpoint: Endpoint) -> None:
        """It did not answer a query: others are asked first, and it is asked what it is."""
        endpoint.queries_last_until_s = current_time() + QUERIES_LAST_S
        endpoint.asked_at_s = float("-inf")
        self.notify()

    async def likely_capabilities(self, fingerprint: str | None) -> Capabilities | None:
        """What a job of such a collection would plan with, also when that was heard long ago.

        Of another model where all hold others; None where it cannot be said.
        """
        await self.refresh()
        told = [one.capabilities for one in self.endpoints if one.capabilities is not None]
        is_decided = not any(one.may_come(fingerprint) for one in self.endpoints)
        all_told = told[:1] if is_decided and len(told) == len(self.endpoints) else []
        found = reference_capabilities(told, fingerprint=fingerprint)
        return found or next(iter(all_told), None)

    def in_query_order(self, fingerprint: str) -> list[Endpoint]:
        """Those that are well and hold that model, as far as is known, come first.

        Of them those that test nothing alone now, then those with the fewest queries under way.
        """
        now_s = current_time()

        def doubts(one: Endpoint) -> tuple[int, bool, int]:
            is_other = one.capabilities is not None and one.capabilities_for(fingerprint) is None
            is_silent = one.fault is not None or one.queries_last_until_s > now_s
            return is_other + is_silent, one.reserved_by is not None, one.queries

        return sorted(self.endpoints, key=doubts)

    async def model_warnings(self, fingerprint: str) -> tuple[WarningDetail, ...]:
        """What a searcher should know of the model. Asks only where it was not heard of yet."""
        trained = self._trained(fingerprint)
        if trained is None:
            await self.refresh()
            trained = self._trained(fingerprint)
        return (WarningDetail.of(WarningCode.MODEL_UNTRAINED),) if trained is False else ()

    def services_by_status(self) -> dict[str, float]:
        found = dict.fromkeys(map(str, EndpointStatus), 0.0)
        for endpoint in self.endpoints:
            found[endpoint.status] += 1
        return found

    def in_flight_by_service(self) -> dict[str, float]:
        return {endpoint.url: float(endpoint.in_flight) for endpoint in self.endpoints}

    def notify(self) -> None:
        self._changed.set()
        self._changed = Event()
        for listener in self._listeners:
            listener()

    async def _keep_checked(self, endpoint: Endpoint) -> None:
        while True:
            due_s = _check_due_s(endpoint)
            if due_s > current_time():
                await self.until_changed(until_s=due_s)
            else:
                await self._ask(endpoint, endpoint.asked_at_s)
                is_due = endpoint.cooldown_until_s <= current_time()
                if is_due and endpoint.canary_model is not None:
                    await self._check_canary(endpoint)

    async def _ask(self, endpoint: Endpoint, oldest_s: float) -> None:
        """Unless it was asked after `oldest_s`."""
        async with endpoint.asking:
            if endpoint.asked_at_s > oldest_s:
                return
            try:
                told = await endpoint.client.capabilities()
            except InferenceFault as exc:
                endpoint.fault = str(exc)
                self._cool_down(endpoint, exc, ASK_POLICY, attempt=endpoint.silences)
                endpoint.silences += 1
            else:
                endpoint.heard(told)
                if endpoint.fault is not None and endpoint.canary_model is None:
                    endpoint.well_again()
            endpoint.asked_at_s = current_time()
            self.notify()

    async def _check_canary(self, endpoint: Endpoint) -> None:
        """It is used again when it embeds a good picture: then the moment is good."""
        told = endpoint.capabilities
        assert told is not None
        assert endpoint.canary_model is not None
        told = endpoint.capabilities_for(endpoint.canary_model) or told
        try:
            await send_canary(endpoint.client, told)
        except (Overloaded, BatchRefused) as exc:  # no answer: it is asked again
            self._rest(endpoint, exc)
        except InferenceFault as exc:
            endpoint.failed_canaries += isinstance(exc, ConnectionLost)
            self._set_away(endpoint, exc)
        else:
            endpoint.faults = 0
            endpoint.well_again()
        self.notify()

    def _set_away(self, endpoint: Endpoint, fault: InferenceFault) -> None:
        endpoint.fault = str(fault)
        self._rest(endpoint, fault)

    def _rest(self, endpoint: Endpoint, fault: InferenceFault) -> None:
        self._cool_down(endpoint, fault, POLICY, attempt=endpoint.faults)
        endpoint.faults += 1

    def _cool_down(
        self, endpoint: Endpoint, fault: InferenceFault, policy: RetryPolicy, *, attempt: int
    ) -> None:
        asked_s = fault.retry_after_s if isinstance(fault, Overloaded) else None
        wait_s = policy.wait_s(attempt, asked_s=asked_s, jitter=self._jitter())
        endpoint.cool_down(wait_s, str(fault))

    def sigmoid(self, fingerprint: str) -> Sigmoid | None:
        """As far as it was heard of; None of a model that has none."""
        known = [one.capabilities_for(fingerprint) for one in self.endpoints]
        head = next((told.clip.sigmoid for told in known if told is not None), None)
        return None if head is None else Sigmoid(head.scale, head.bias)

    def _trained(self, fingerprint: str) -> bool | None:
        known = [one.capabilities_for(fingerprint) for one in self.endpoints]
        return next((told.clip.trained for told in known if told is not None), None)


def _answers(endpoint: Endpoint) -> bool:
    return endpoint.capabilities is not None and endpoint.fault is None


def _check_due_s(endpoint: Endpoint) -> float:
    if endpoint.status is EndpointStatus.AWAY:
        return endpoint.cooldown_until_s
    told = endpoint.capabilities
    is_whole = told is None or not told.models_to_come
    every_s = CHECK_EVERY_S if is_whole else CHECK_LOADING_EVERY_S
    return max(endpoint.asked_at_s + every_s, endpoint.cooldown_until_s)
