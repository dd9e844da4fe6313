"""Parts of the globe: boxes between degrees, circles of a radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_KM = 6371.0088  # the mean one
_FURTHEST_KM = math.pi * EARTH_RADIUS_KM


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees, the edges included. Where `west` is greater than `east` it reaches over the
    antimeridian, whose longitude is 180 and -180 alike.
    """

    south: float
    west: float
    north: float
    east: float

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Ranges of longitude, least and greatest. A place is in the box where it is in one."""
        if self.west > self.east:
            return (self.west, 180.0), (-180.0, self.east)
        spans = [(self.west, self.east)]
        if self.east == 180 and self.west > -180:
            spans.append((-180.0, -180.0))
        if self.west == -180 and self.east < 180:
            spans.append((180.0, 180.0))
        return tuple(spans)

    def holds(self, latitude: float, longitude: float) -> bool:
        return self.south <= latitude <= self.north and any(
            least <= longitude <= greatest for least, greatest in self.spans
        )


def haversine(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Of the angle between two places, given in degrees, seen from the middle of the sphere."""
    north = math.sin(math.radians(to_latitude - latitude) / 2) ** 2
    east = math.sin(math.radians(to_longitude - longitude) / 2) ** 2
    across = math.cos(math.radians(latitude)) * math.cos(math.radians(to_latitude))
    return north + across * east


def distance_km(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    """Along the earth's surface."""
    found = haversine(latitude, longitude, to_latitude, to_longitude)
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, found)))


@dataclass(frozen=True, slots=True)
class Circle:
    """All within `radius_km` of a place along the surface of a sphere, the edge included."""

    latitude: float
    longitude: float
    radius_km: float

    @property
    def is_globe(self) -> bool:
        return self.radius_km >= _FURTHEST_KM

    @property
    def most_haversine(self) -> float:
        """Of the angle between the centre and the edge: sin²(angle / 2), between 0 and 1.

        Distances are compared by it, since it needs no inverse function: so each store decides as
        this one does, but for the last bits.
        """
        return math.sin(self.radius_km / EARTH_RADIUS_KM / 2) ** 2

    def holds(self, latitude: float, longitude: float) -> bool:
        if self.is_globe:
            return True
        found = haversine(self.latitude, self.longitude, latitude, longitude)
        return found <= self.most_haversine

    @property
    def bounds(self) -> Box:
        """The least box with the whole circle in it, and a hair more: what an index can look up."""
        angle = math.degrees(min(self.radius_km / EARTH_RADIUS_KM, math.pi)) + 1e-9
        south, north = self.latitude - angle, self.latitude + angle
        if south <= -90 or north >= 90:  # a pole is in it, so every longitude
            return Box(max(south, -90.0), -180.0, min(north, 90.0), 180.0)
        turn = math.sin(math.radians(angle)) / math.cos(math.radians(self.latitude))
        turn = math.degrees(math.asin(min(turn, 1.0))) + 1e-9
        west, east = self.longitude - turn, self.longitude + turn
        if east - west >= 360:
            return Box(south, -180.0, north, 180.0)
        return Box(south, west + 360 * (west < -180), north, east - 360 * (east > 180))
