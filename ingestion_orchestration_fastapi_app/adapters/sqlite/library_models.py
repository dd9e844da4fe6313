"""Which models a library was made with, read while no service runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

_WAIT_S = 5.0
_MODELS = (
    "SELECT c.name, g.model, g.weights FROM collections c JOIN generations g"
    " ON g.collection_id = c.id AND g.state = 'active'",
    "SELECT name, model, weights FROM collections WHERE model IS NOT NULL",  # before generations
)


@dataclass(frozen=True, slots=True)
class LibraryModel:
    model: str
    weights: str


def library_models(ledger: str | os.PathLike[str]) -> dict[str, LibraryModel]:
    """Of each collection that has one, by name. Blocking.

    Empty also where there is no ledger, or none that can be read: who opens it says why.
    """
    place = f"file:{quote(os.fspath(ledger))}?mode=ro"
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=_WAIT_S)) as db:
            is_new = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'generations'").fetchone()
            rows = db.execute(_MODELS[0 if is_new else 1]).fetchall()
    except sqlite3.Error:
        return {}
    return {name: LibraryModel(model, weights or "") for name, model, weights in rows}
