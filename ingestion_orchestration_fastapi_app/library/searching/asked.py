"""What is asked becomes texts, and a vector of the model that made the collection."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.domain.search.templates import texts_for
from ingestion_orchestration_fastapi_app.errors import InferenceFault, ModelMismatch, Overloaded
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import Ask, query_vector
from ingestion_orchestration_fastapi_app.ports.ledger.calibrations import CalibrationRepository
from utils.contract.search import Templates
from utils.problems import MlUnavailable


class Templating:
    """`default` is what a search means that leaves it to the service."""

    def __init__(
        self, calibrations: CalibrationRepository, *, default: Templates = Templates.AUTO
    ) -> None:
        self._calibrations = calibrations
        self._default = default

    async def texts(self, asked: Templates, active: Generation, text: str) -> tuple[str, ...]:
        """The text alone where none are used."""
        texts = texts_for(text)
        if len(texts) == 1 or not await self._are_used(asked, active):
            return (text,)
        return texts

    async def _are_used(self, asked: Templates, active: Generation) -> bool:
        meant = self._default if asked is Templates.AUTO else asked
        if meant is Templates.AUTO:
            return await self._calibrations.templates_help(active.fingerprint)
        return meant is Templates.ON


class Asking:
    """Asks the inference services for vectors of queries."""

    def __init__(self, pool: InferencePool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    async def vector(
        self, collection: CollectionRecord, active: Generation, ask: Ask
    ) -> QueryVector:
        """Raises MlUnavailable, ModelMismatch."""
        try:
            return await query_vector(
                self._pool, active.fingerprint, ask, timeout_s=self._timeout_s
            )
        except InferenceFault as exc:
            raise _unavailable(exc) from exc
        except ModelMismatch as exc:
            raise ModelMismatch(
                f"Collection {collection.name!r} was made by {active.model} "
                f"({active.fingerprint}); {exc.detail}."
            ) from exc


def _unavailable(exc: InferenceFault) -> MlUnavailable:
    retry_after_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
    return MlUnavailable(f"{exc}. Searches need it.", retry_after_s=retry_after_s or 2.0)
