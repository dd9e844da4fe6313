"""Filters: what pictures must be, as it crosses HTTP."""

from utils.contract.filters.format_names import FORMAT_NAMES, FormatName, formats_named
from utils.contract.filters.places import BoxSpec, CircleSpec
from utils.contract.filters.spec import MAX_DEPTH, MAX_NODES, FilterSpec, Orientation

__all__ = [
    "FORMAT_NAMES",
    "MAX_DEPTH",
    "MAX_NODES",
    "BoxSpec",
    "CircleSpec",
    "FilterSpec",
    "FormatName",
    "Orientation",
    "formats_named",
]
