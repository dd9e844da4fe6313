"""Browsing: what is asked of a whole collection, and counted of it, as it crosses HTTP."""

from utils.contract.browsing.counts import (
    ClusterReply,
    FacetReply,
    FacetsReply,
    FacetValueReply,
    FolderList,
    FolderReply,
    MapReply,
    TimelineBucket,
    TimelineReply,
)
from utils.contract.browsing.orders import BrowseOrder, BrowseSort, TimelineStep
from utils.contract.browsing.tiles import ImageTile, TileList, TilePlace

__all__ = [
    "BrowseOrder",
    "BrowseSort",
    "ClusterReply",
    "FacetReply",
    "FacetValueReply",
    "FacetsReply",
    "FolderList",
    "FolderReply",
    "ImageTile",
    "MapReply",
    "TileList",
    "TilePlace",
    "TimelineBucket",
    "TimelineReply",
    "TimelineStep",
]
