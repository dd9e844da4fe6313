"""Examples of a search, mixed into one vector."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.mixture import mixture, unit_of
from ingestion_orchestration_fastapi_app.inference_pool.queries import Ask, image_ask, text_ask
from ingestion_orchestration_fastapi_app.library.searching.asked import Asking
from utils.problems import ValidationProblem


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that was sent along."""

    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Example:
    """A text, a picture, a stored image, or a vector's numbers. `weight` below 0: disliked."""

    of: str | Picture | UUID | tuple[float, ...]
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Says all of it, for the digest of a cursor."""
        of = self.of
        if isinstance(of, Picture):
            return f"picture {of.sha256} {self.weight}"
        if isinstance(of, tuple):
            numbers = np.asarray(of, dtype="<f8").tobytes()
            return f"vector {hashlib.sha256(numbers).hexdigest()} {self.weight}"
        return f"{type(of).__name__} {of} {self.weight}"


# The vector of a stored image.
Stored = Callable[[CollectionRecord, Generation, UUID], Awaitable[Vector]]


class Mixing:
    """Asks for what each example needs, one after the other: a search takes one place at a time."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def vector(
        self,
        collection: CollectionRecord,
        active: Generation,
        examples: Sequence[Example],
        stored: Stored,
    ) -> QueryVector:
        """Raises ValidationProblem, ImageNotFound, MlUnavailable, ModelMismatch."""
        parts = list[tuple[Vector, float]]()
        truncated = False
        for example in examples:
            of = example.of
            if isinstance(of, UUID):
                vector = await stored(collection, active, of)
            elif isinstance(of, tuple):
                vector = _own(of, active)
            else:
                answer = await self._asking.vector(collection, active, _ask(of))
                vector, truncated = answer.vector, truncated or answer.truncated
            parts.append((vector, example.weight))
        mixed = mixture(parts)
        if mixed is None:
            raise ValidationProblem(
                "What results are to be like and unlike cancel one another out: change a weight."
            )
        return QueryVector(mixed, active.fingerprint, truncated)


def _ask(of: str | Picture) -> Ask:
    return image_ask(of.data) if isinstance(of, Picture) else text_ask(of)


def _own(numbers: tuple[float, ...], active: Generation) -> Vector:
    if len(numbers) != active.dim:
        raise ValidationProblem(
            f"The vector has {len(numbers)} numbers; those of {active.model} have {active.dim}."
        )
    vector = unit_of(numbers)
    if vector is None:
        raise ValidationProblem("The vector is of length 0, and has no direction.")
    return vector
