"""Filters as they are asked for, as the domain means them."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.library.filters.places import Box, Circle
from ingestion_orchestration_fastapi_app.domain.library.filters.tree import Filters
from utils.contract import FilterSpec, formats_named
from utils.contract.filters import BoxSpec, CircleSpec


def filters_of(spec: FilterSpec) -> Filters:
    return Filters(
        taken_after=spec.taken_after,
        taken_before=spec.taken_before,
        camera=spec.camera,
        lens=spec.lens,
        cameras=spec.cameras,
        lenses=spec.lenses,
        rating_min=spec.rating_min,
        rating_max=spec.rating_max,
        keywords=spec.keywords,
        path_prefix=spec.path_prefix,
        folder=spec.folder,
        subfolders=spec.subfolders,
        formats=None if spec.formats is None else formats_named(spec.formats),
        min_width_px=spec.min_width_px,
        max_width_px=spec.max_width_px,
        min_height_px=spec.min_height_px,
        max_height_px=spec.max_height_px,
        min_pixels=_pixels(spec.min_megapixels),
        max_pixels=_pixels(spec.max_megapixels),
        orientation=spec.orientation,
        min_size_bytes=spec.min_size_bytes,
        max_size_bytes=spec.max_size_bytes,
        has_gps=spec.has_gps,
        has_caption=spec.has_caption,
        favourite=spec.favourite,
        tags=spec.tags,
        album=spec.album,
        box=None if spec.box is None else _box(spec.box),
        circle=None if spec.near is None else _circle(spec.near),
        include_hidden=spec.include_hidden,
        all_of=tuple(map(filters_of, spec.all_of)),
        any_of=tuple(map(filters_of, spec.any_of)),
        none_of=tuple(map(filters_of, spec.none_of)),
    )


def _pixels(megapixels: float | None) -> int | None:
    return None if megapixels is None else round(megapixels * 1_000_000)


def _box(spec: BoxSpec) -> Box:
    return Box(spec.south, spec.west, spec.north, spec.east)


def _circle(spec: CircleSpec) -> Circle:
    return Circle(spec.latitude, spec.longitude, spec.radius_km)
