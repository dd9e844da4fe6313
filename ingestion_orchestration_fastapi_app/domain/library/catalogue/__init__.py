"""The catalogue: what pictures are browsed, counted and sorted by, and what is made of that."""

from ingestion_orchestration_fastapi_app.domain.library.catalogue.catalogue_rows import (
    CATALOGUE_VERSION,
    MICROSECONDS_A_DAY,
    Facet,
    FacetCounts,
    FacetValue,
    FolderCount,
    Listed,
    Order,
    PlaceCluster,
    Position,
    Sort,
    Viewport,
    day_of,
    key_of,
    moment_number,
    moment_of,
)

__all__ = [
    "CATALOGUE_VERSION",
    "MICROSECONDS_A_DAY",
    "Facet",
    "FacetCounts",
    "FacetValue",
    "FolderCount",
    "Listed",
    "Order",
    "PlaceCluster",
    "Position",
    "Sort",
    "Viewport",
    "day_of",
    "key_of",
    "moment_number",
    "moment_of",
]
