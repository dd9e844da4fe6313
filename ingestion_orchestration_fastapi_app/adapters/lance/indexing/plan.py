"""Which index a column gets, as plain values: the process that builds it is told so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID, VECTOR


class IndexKind(StrEnum):
    """Named as in Lance's Python module."""

    RQ = "IvfRq"
    SQ = "IvfSq"
    BTREE = "BTree"
    WORDS = "FTS"


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """`options` are those of Lance's class of that kind, as JSON can say them."""

    column: str
    kind: IndexKind
    options: Mapping[str, bool | int | str | None] = field(default_factory=dict)


# So that neither merges nor look-ups scan every row.
OF_IDS = IndexPlan(ID, IndexKind.BTREE)
_BITS = 5  # a number: with one, most of what is nearest to a text is lost
_FEW_NUMBERS = 256  # each counts for more in so short a vector: there are eight bits for it


def of_vectors(dim: int) -> IndexPlan:
    """Partitions of coarse vectors; the true ones of the best are read.

    Half of the bytes of a graph over eight bits a number, and built in an eighth of the time; it
    finds more of what is nearest to a text (ADR 36).
    """
    if dim < _FEW_NUMBERS:
        return IndexPlan(VECTOR, IndexKind.SQ, {"distance_type": "cosine"})
    return IndexPlan(VECTOR, IndexKind.RQ, {"distance_type": "cosine", "num_bits": _BITS})
