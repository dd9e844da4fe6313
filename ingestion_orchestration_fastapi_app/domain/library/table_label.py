"""What a table says of whose it is, so that who loses the ledger finds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    NewGeneration,
    table_name,
)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TableLabel:
    """None is what tables of earlier versions do not say."""

    identity: str | None = None
    roots: frozenset[Root] = frozenset()
    collection: str | None = None  # its name
    made_with: NewGeneration | None = None
    state: GenerationState | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What tables without a ledger say of one collection. The oldest generation comes first.

    `table` is the one that answers; `generations` are empty where it does not say its model.
    """

    identity: str
    roots: frozenset[Root]
    table: str
    generations: tuple[tuple[NewGeneration, GenerationState], ...]


def label_of(
    collection: CollectionRecord, generation: Generation, roots: Iterable[Root]
) -> TableLabel:
    made_with = NewGeneration(
        generation.table,
        generation.model,
        generation.weights,
        generation.dim,
        generation.fingerprint,
    )
    return TableLabel(
        collection.identity,
        frozenset(roots),
        collection.name,
        made_with,
        generation.state,
        generation.created_at,
    )


def found_of(name: str, labels: Mapping[str, TableLabel]) -> Found | None:
    """The collection's, of tables that no ledger knows. Of several that say its name, the newest.

    Tables that say no name are found by their own. What ids of points hang on is then the
    collection's name, unless the table says better.
    """
    by_name = table_name(name)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for table, label in labels.items():
        if label.identity is not None:
            groups[label.identity].append(table)
        elif table == by_name:
            groups[name].append(table)

    def rank(table: str) -> tuple[bool, datetime]:
        label = labels[table]
        return label.state is GenerationState.ACTIVE, label.created_at or _LONG_AGO

    fronts = {max(tables, key=rank): identity for identity, tables in groups.items()}
    own = [one for one in fronts if labels[one].collection == name]
    own = own or [one for one in fronts if labels[one].collection is None and one == by_name]
    if not own:
        return None
    front = max(own, key=rank)
    identity = fronts[front]
    tables = sorted(groups[identity], key=lambda table: labels[table].created_at or _LONG_AGO)
    return Found(identity, labels[front].roots, front, _generations(front, tables, labels))


def _generations(
    front: str, tables: Iterable[str], labels: Mapping[str, TableLabel]
) -> tuple[tuple[NewGeneration, GenerationState], ...]:
    answers = labels[front].made_with
    if answers is None:
        return ()
    found = []
    for table in tables:
        label = labels[table]
        if table == front:
            found.append((answers, GenerationState.ACTIVE))
        elif label.made_with is not None and label.made_with.fingerprint != answers.fingerprint:
            is_filling = label.state is GenerationState.FILLING
            state = GenerationState.FILLING if is_filling else GenerationState.RETIRED
            found.append((label.made_with, state))
    return tuple(found)
