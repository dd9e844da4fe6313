"""Cities, and what was understood of a sentence, as wire types."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.search.cities import City
from ingestion_orchestration_fastapi_app.library.searching.sentences import Narrowing
from ingestion_orchestration_fastapi_app.ports.gazetteer import Gazetteer
from utils.contract import Understood
from utils.contract.filters.sentences import CityReply, DatePartReply, PlacePartReply
from utils.contract.images import PlaceReply


def place_reply(point: Point, gazetteer: Gazetteer) -> PlaceReply | None:
    """The city that the point lies in or near."""
    latitude, longitude = point.metadata.latitude, point.metadata.longitude
    if latitude is None or longitude is None:
        return None
    found = gazetteer.nearest(latitude, longitude)
    if found is None:
        return None
    city, distance_km = found
    return PlaceReply(
        city=city.name,
        country=city.country,
        country_code=city.country_code,
        distance_km=round(distance_km, 1),
    )


def understood_reply(narrowing: Narrowing) -> Understood:
    sentence = narrowing.sentence
    parts: list[DatePartReply | PlacePartReply] = [
        DatePartReply(
            text=one.text,
            begin=one.begin,
            end=one.end,
            applied=narrowing.by_date,
            first=one.period.first,
            last=one.period.last,
        )
        for one in sentence.dates
    ]
    place = sentence.place
    if place is not None:
        parts.append(
            PlacePartReply(
                text=place.text,
                begin=place.begin,
                end=place.end,
                applied=narrowing.by_place,
                city=_city_reply(place.city),
                radius_km=place.radius_km,
                others=tuple(map(_city_reply, place.others)),
            )
        )
    return Understood(words=sentence.words, parts=tuple(sorted(parts, key=lambda one: one.begin)))


def _city_reply(city: City) -> CityReply:
    return CityReply(
        name=city.name,
        country=city.country,
        country_code=city.country_code,
        latitude=city.latitude,
        longitude=city.longitude,
    )
