"""Conditions on a point: one meaning, told to every store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.text.folded import folded


@dataclass(frozen=True, slots=True)
class Filters:
    """All given conditions must hold; None asks nothing.

    `camera` is found in "make model", `lens` in the lens's name. Every one of `keywords` must be a
    whole keyword of the point. `path_prefix` is compared with the display path. All of these
    without regard to case and to how letters are composed. `formats` are lower-case names as in
    `Point.format`. Times are inclusive. `within` are the folders that may be shown, absolute.
    """

    taken_after: datetime | None = None
    taken_before: datetime | None = None
    camera: str | None = None
    lens: str | None = None
    rating_min: int | None = None
    keywords: tuple[str, ...] = ()
    path_prefix: str | None = None
    formats: tuple[str, ...] | None = None
    min_width_px: int | None = None
    min_height_px: int | None = None
    has_gps: bool | None = None
    within: tuple[bytes, ...] | None = None

    def matches(self, point: Point) -> bool:
        """The meaning of the filters, for stores that have no query language."""
        return (
            self.shows(point)
            and self._matches_time(point)
            and self._matches_camera(point)
            and self._matches_place(point)
            and self._matches_words(point)
            and self._matches_picture(point)
        )

    def shows(self, point: Point) -> bool:
        """Whether it lies where something may be shown."""
        return self.within is None or any(is_within(point.path, one) for one in self.within)

    def _matches_time(self, point: Point) -> bool:
        taken_at = point.metadata.taken_at
        if self.taken_after and (taken_at is None or taken_at < self.taken_after):
            return False
        return not (self.taken_before and (taken_at is None or taken_at > self.taken_before))

    def _matches_camera(self, point: Point) -> bool:
        metadata = point.metadata
        camera = folded(f"{metadata.camera_make or ''} {metadata.camera_model or ''}")
        if self.camera and folded(self.camera) not in camera:
            return False
        return not self.lens or folded(self.lens) in folded(metadata.lens or "")

    def _matches_place(self, point: Point) -> bool:
        return self.has_gps is None or self.has_gps == (point.metadata.latitude is not None)

    def _matches_words(self, point: Point) -> bool:
        metadata = point.metadata
        if self.rating_min is not None and (
            metadata.rating is None or metadata.rating < self.rating_min
        ):
            return False
        held = set(map(folded, metadata.keywords))
        return all(folded(word) in held for word in self.keywords)

    def _matches_picture(self, point: Point) -> bool:
        folder = folded(self.path_prefix or "")
        if not folded(point.display_path).startswith(folder):
            return False
        if self.formats is not None and point.format not in self.formats:
            return False
        if self.min_width_px and point.width_px < self.min_width_px:
            return False
        return not (self.min_height_px and point.height_px < self.min_height_px)


NO_FILTERS = Filters()
