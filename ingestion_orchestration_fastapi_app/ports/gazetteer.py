"""Where cities lie and what they are called."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.search.cities import City, NamedCities


class Gazetteer(Protocol):
    """All of it is in memory once it is loaded: nothing waits."""

    def load(self) -> None:
        """So that nobody waits for it later. Blocking."""

    def named(self, key: str, *, within: str | None = None) -> NamedCities | None:
        """As `CityNames` says."""

    def nearest(self, latitude: float, longitude: float) -> tuple[City, float] | None:
        """The city that a place belongs to, or lies near, and the distance to its middle in km.

        None where there is none within a drive: on the sea, in a desert.
        """
