"""What of a collection may be seen: what is allowed, without what somebody has hidden."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown


def visible(filters: Filters, collection: CollectionRecord, shown: Shown) -> Filters:
    """These, and that what they find may be seen now: of the collection as it was just read."""
    hidden = () if filters.include_hidden else collection.hidden
    return replace(filters, within=shown(collection), outside=hidden)
