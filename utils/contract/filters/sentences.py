"""What a query's sentence says of time and place, as it was understood."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from utils.contract.base import Reply
from utils.contract.examples import UNDERSTOOD


class CityReply(Reply):
    """A city, where its name may mean several."""

    name: str = Field(description="As GeoNames heads it.")
    country: str = Field(description="In English.")
    country_code: str = Field(description="ISO 3166's, of two letters.")
    latitude: float = Field(description="Of its middle, in degrees; south is negative.")
    longitude: float = Field(description="Of its middle, in degrees; west is negative.")


class _Part(Reply):
    """`applied` is False where the condition was dropped, since nothing met it."""

    text: str = Field(description="What of the query says it.")
    begin: int = Field(description="Where in the query it begins, in characters.")
    end: int = Field(description="Where it ends, without the last character.")
    applied: bool = Field(
        description="Whether results meet it. Where nothing does it is dropped, and a warning "
        "says so."
    )


class DatePartReply(_Part):
    """A period: the results were taken in it."""

    kind: Literal["date"] = Field(default="date", description="What it is.")
    first: date | None = Field(description="Its first day; null: open.")
    last: date | None = Field(description="Its last day; null: open.")


class PlacePartReply(_Part):
    """A circle around a city: the results were taken in it."""

    kind: Literal["place"] = Field(default="place", description="What it is.")
    city: CityReply = Field(description="The city with the most people of that name.")
    radius_km: float = Field(description="By the city's people; larger for `near`.")
    others: tuple[CityReply, ...] = Field(description="Other cities of that name, at most nine.")


UnderstoodPart: TypeAlias = Annotated[DatePartReply | PlacePartReply, Field(discriminator="kind")]


class Understood(Reply):
    """What was taken out of the query as conditions. The model still sees all of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [UNDERSTOOD]})

    words: str = Field(description="What is left without them.")
    parts: tuple[UnderstoodPart, ...] = Field(description="In the order of the query.")
