"""A query goes to the services in turn, within one time limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from anyio import current_time, fail_after, sleep

from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.domain.search.templates import mean_of
from ingestion_orchestration_fastapi_app.errors import (
    InferenceFault,
    ModelMismatch,
    Overloaded,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.ports.inference import Inference

# Of a service, of its model with that fingerprint.
Ask: TypeAlias = Callable[[Inference, str], Awaitable[QueryVector]]


def text_ask(text: str) -> Ask:
    return lambda service, fingerprint: service.embed_text(text, fingerprint=fingerprint)


def texts_ask(texts: Sequence[str]) -> Ask:
    """Of several texts at once: their mean."""

    async def ask(service: Inference, fingerprint: str) -> QueryVector:
        return mean_of(await service.embed_texts(texts, fingerprint=fingerprint))

    return ask


def image_ask(data: bytes) -> Ask:
    return lambda service, fingerprint: service.embed_image(data, fingerprint=fingerprint)


async def query_vector(
    pool: InferencePool, fingerprint: str, ask: Ask, *, timeout_s: float
) -> QueryVector:
    """Raises InferenceFault: none answers; ModelMismatch: those that answer hold other models.

    A service that says when it will have time, or its model again, is asked then once more, if
    that is within the time; and by no other query before.
    """
    ends_s = current_time() + timeout_s
    while True:
        try:
            return await _first_answer(pool, fingerprint, ask, ends_s=ends_s)
        except Overloaded as exc:
            wait_s = exc.retry_after_s
            if wait_s is None or current_time() + wait_s >= ends_s:
                raise
        await sleep(wait_s)


async def _first_answer(
    pool: InferencePool, fingerprint: str, ask: Ask, *, ends_s: float
) -> QueryVector:
    """Each has a fair part of the time that is left.

    Raises the last one's fault, or the word of the one that has time first.
    """
    endpoints = pool.in_query_order(fingerprint)
    fault: InferenceFault | None = None
    free_in_s: list[float] = []
    runs = ""
    for place, endpoint in enumerate(endpoints):
        rests_s = endpoint.queries_rest_until_s - current_time()
        if rests_s > 0:
            free_in_s.append(rests_s)
            continue
        share_s = (ends_s - current_time()) / (len(endpoints) - place)
        try:
            with pool.query_slot(endpoint), fail_after(share_s):
                answer = await ask(endpoint.client, fingerprint)
        except TimeoutError:
            fault = Unreachable("the inference service does not answer in time")
            pool.report_silence(endpoint)
        except Overloaded as exc:  # queries have places of their own: it says nothing of batches
            fault = exc
            pool.report_query_refused(endpoint, exc)
            if exc.retry_after_s is not None:
                free_in_s.append(exc.retry_after_s)
        except InferenceFault as exc:
            fault = exc
            pool.report_silence(endpoint)
        except ModelMismatch as exc:
            runs = exc.detail
        else:
            if answer.fingerprint == fingerprint:
                return answer
            runs = f"the inference service runs {answer.fingerprint}"
        if runs and endpoint.capabilities_for(fingerprint) is not None:
            pool.report_silence(endpoint)  # it said otherwise, and is asked again
    if free_in_s:
        said = str(fault) if isinstance(fault, Overloaded) else "the service asked to wait"
        raise Overloaded(said, retry_after_s=min(free_in_s))
    raise fault or ModelMismatch(runs)
