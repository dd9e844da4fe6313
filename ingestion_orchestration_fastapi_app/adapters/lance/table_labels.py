"""A table's label, which it keeps with itself: a lost ledger changes no id."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.lance.schema import ROOT_ID, VECTOR
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel

_ROOTS = "photoseek:roots"
_IDENTITY = "photoseek:collection"
_GENERATION = "photoseek:generation"


def label_metadata(label: TableLabel) -> dict[str, Any]:
    """What LanceDB is told, to keep it with the column that names roots.

    Only a column's metadata can be changed in a table that exists, not the schema's.
    """
    roots = [
        {"id": str(root.id), "path": root.path.decode("utf-8", "surrogateescape")}
        for root in sorted(label.roots, key=lambda root: root.path)
    ]
    metadata = {_ROOTS: json.dumps(roots)}
    if label.identity is not None:
        metadata[_IDENTITY] = label.identity
    if label.made_with is not None:
        metadata[_GENERATION] = json.dumps(
            {
                "collection": label.collection,
                "model": label.made_with.model,
                "weights": label.made_with.weights,
                "fingerprint": label.made_with.fingerprint,
                "state": label.state,
                "created_at": label.created_at and label.created_at.isoformat(),
            }
        )
    return {"path": ROOT_ID, "metadata": metadata}


def label_in(table: str, schema: Any) -> TableLabel:
    """Of the table's schema."""
    kept = schema.field(ROOT_ID).metadata or {}
    identity = kept.get(_IDENTITY.encode())
    roots = frozenset(
        Root(UUID(one["id"]), one["path"].encode("utf-8", "surrogateescape"))
        for one in json.loads(kept.get(_ROOTS.encode(), b"[]"))
    )
    told = json.loads(kept.get(_GENERATION.encode(), b"null"))
    identity = None if identity is None else identity.decode()
    if told is None:
        return TableLabel(identity, roots)
    dim = schema.field(VECTOR).type.list_size
    made_with = NewGeneration(table, told["model"], told["weights"], dim, told["fingerprint"])
    return TableLabel(
        identity,
        roots,
        told["collection"],
        made_with,
        GenerationState(told["state"]),
        datetime.fromisoformat(told["created_at"]),
    )
