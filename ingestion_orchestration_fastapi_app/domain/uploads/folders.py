"""Where in the inbox a collection's uploads lie: a folder a collection, and in it one a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import count

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord


def upload_folder(
    inbox: bytes, collection: CollectionRecord, others: Iterable[CollectionRecord], *, day: date
) -> tuple[str, str]:
    """Names of folders, from the inbox on.

    A collection keeps its folder when it is renamed; another one that gets its old name then has
    one of its own.
    """
    own = next(filter(None, (_name_in(inbox, root.path) for root in collection.roots)), None)
    taken = {_name_in(inbox, root.path) for one in others for root in one.roots}
    names = (collection.name if n == 1 else f"{collection.name}-{n}" for n in count(1))
    return own or next(name for name in names if name not in taken), day.isoformat()


def _name_in(inbox: bytes, path: bytes) -> str | None:
    """Of a folder right in the inbox."""
    folder, _, name = path.rpartition(b"/")
    return name.decode("utf-8", "surrogateescape") if folder == inbox.rstrip(b"/") else None
