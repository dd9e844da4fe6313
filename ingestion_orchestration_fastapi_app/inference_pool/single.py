"""One request that is no job's takes a slot as a batch does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from anyio import current_time

from ingestion_orchestration_fastapi_app.errors import InferenceFault, ModelMismatch
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.slots import Share, Ticket
from ingestion_orchestration_fastapi_app.ports.inference import Inference

T = TypeVar("T")


async def sent_alone(
    pool: InferencePool, fingerprint: str, send: Callable[[Inference], Awaitable[T]]
) -> T:
    """What the first service with a free slot answers. It waits as a job that holds nothing.

    Where none is well, one that was out of reach is tried: it may be back, and no batch was lost
    by it.

    Raises:
        InferenceFault: of the service, which is told to the pool, as a job's is.
        ModelMismatch: no service that may be asked holds the model.
    """

    def may_use(endpoint: Endpoint) -> bool:
        return _holds(endpoint, fingerprint) and endpoint.ready_at_s(fingerprint) <= current_time()

    share = Share(may_use)
    pool.slots.join(share)
    try:
        endpoint = await _granted(pool, Ticket(share), fingerprint)
        try:
            answer = await send(endpoint.client)
        except (InferenceFault, ModelMismatch) as exc:
            pool.report_fault(endpoint, exc, fingerprint=fingerprint)
            raise
        pool.report_answer(endpoint)
        return answer
    finally:
        pool.slots.leave(share)
        pool.notify()


async def _granted(pool: InferencePool, ticket: Ticket, fingerprint: str) -> Endpoint:
    pool.slots.enter(ticket)
    try:
        while (endpoint := pool.slots.granted(ticket, pool.endpoints)) is None:
            there = [one for one in pool.endpoints if _holds(one, fingerprint)]
            if not there:
                return _out_of_reach(pool.endpoints)
            now_s = current_time()
            ready_s = [ready for one in there if (ready := one.ready_at_s(fingerprint)) > now_s]
            await pool.until_changed(until_s=min(ready_s, default=float("inf")))
        return endpoint
    finally:
        pool.slots.withdraw(ticket, pool.endpoints)
        pool.notify()


def _holds(endpoint: Endpoint, fingerprint: str) -> bool:
    return endpoint.fault is None and endpoint.capabilities_for(fingerprint) is not None


def _out_of_reach(endpoints: Sequence[Endpoint]) -> Endpoint:
    for one in endpoints:
        if one.fault is not None and one.canary_model is None:
            return one
    raise ModelMismatch("no inference service that is well holds the model")
