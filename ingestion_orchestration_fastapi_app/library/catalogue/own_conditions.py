"""What of filters is a facet's own: not applied to it, to show what else could be chosen."""

from __future__ import annotations

from dataclasses import fields, replace

from ingestion_orchestration_fastapi_app.domain.library.catalogue import Facet
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters

# Keywords and tags stay: pictures have several, and each that is chosen leaves fewer.
_OWN: dict[Facet, tuple[str, ...]] = {
    Facet.CAMERA: ("camera", "cameras"),
    Facet.LENS: ("lens", "lenses"),
    Facet.YEAR: ("taken_after", "taken_before"),
    Facet.FOLDER: ("folder", "subfolders", "path_prefix"),
    Facet.FORMAT: ("formats",),
    Facet.RATING: ("rating_min", "rating_max"),
    Facet.PLACE: ("has_gps",),
    Facet.ORIENTATION: ("orientation",),
    Facet.CAPTION: ("has_caption",),
    Facet.FAVOURITE: ("favourite",),
    Facet.KEYWORD: (),
    Facet.TAG: (),
}
_DEFAULTS = {one.name: getattr(NO_FILTERS, one.name) for one in fields(Filters)}


def without_own(facet: Facet, filters: Filters) -> Filters:
    """Without what the facet's values are given as: one, or several as alternatives ("camera is A
    or B", "not rated or 5"). Alternatives that say more than that are one condition, and stay.
    """
    own = {name: _DEFAULTS[name] for name in _OWN[facet]}
    left = [without_own(facet, one) for one in filters.all_of]
    is_own = bool(filters.any_of) and all(_is_own(facet, one) for one in filters.any_of)
    return replace(
        filters,
        **own,
        all_of=tuple(one for one in left if one != NO_FILTERS),
        any_of=() if is_own else filters.any_of,
        none_of=tuple(one for one in filters.none_of if not _is_own(facet, one)),
    )


def _is_own(facet: Facet, filters: Filters) -> bool:
    """Whether it says something, and that of this facet alone."""
    return filters != NO_FILTERS and without_own(facet, filters) == NO_FILTERS
