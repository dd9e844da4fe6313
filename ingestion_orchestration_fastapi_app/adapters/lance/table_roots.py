"""A collection's identity and roots, which its table remembers: a lost ledger changes no id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.lance.schema import ROOT_ID
from ingestion_orchestration_fastapi_app.domain.files.file import Root

_ROOTS = "photoseek:roots"
_IDENTITY = "photoseek:collection"


def roots_metadata(roots: Sequence[Root], identity: str) -> dict[str, Any]:
    """What LanceDB is told, to keep them with the column that names roots.

    Only a column's metadata can be changed in a table that exists, not the schema's.
    """
    told = [
        {"id": str(root.id), "path": root.path.decode("utf-8", "surrogateescape")}
        for root in sorted(roots, key=lambda root: root.path)
    ]
    return {"path": ROOT_ID, "metadata": {_ROOTS: json.dumps(told), _IDENTITY: identity}}


def roots_of(found: Any) -> list[Root]:
    """Of a table's schema; none where an earlier version made it."""
    told = (found.field(ROOT_ID).metadata or {}).get(_ROOTS.encode(), b"[]")
    return [
        Root(UUID(one["id"]), one["path"].encode("utf-8", "surrogateescape"))
        for one in json.loads(told)
    ]


def identity_of(found: Any) -> str | None:
    """Of a table's schema; None where an earlier version made it."""
    told: bytes | None = (found.field(ROOT_ID).metadata or {}).get(_IDENTITY.encode())
    return None if told is None else told.decode()
