"""What a point must be to be found: a tree of conditions, and what each of them means."""

from ingestion_orchestration_fastapi_app.domain.library.filters.places import Box, Circle
from ingestion_orchestration_fastapi_app.domain.library.filters.tree import NO_FILTERS, Filters

__all__ = ["NO_FILTERS", "Box", "Circle", "Filters"]
