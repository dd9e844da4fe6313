"""Parts of the map."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StrictFloat, model_validator
from pydantic_core import PydanticCustomError

from utils.contract.base import Wire

MAX_RADIUS_KM = 20_040.0  # half way around
Latitude = Annotated[StrictFloat, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[StrictFloat, Field(ge=-180, le=180, allow_inf_nan=False)]


class BoxSpec(Wire):
    """A part of the map, in degrees, its edges included."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"south": 52.3, "west": 13.0, "north": 52.7, "east": 13.8}],
        }
    )

    south: Latitude = Field(description="The least latitude.")
    west: Longitude = Field(
        description="Where it begins; greater than `east` where it reaches over the antimeridian."
    )
    north: Latitude = Field(description="The greatest latitude.")
    east: Longitude = Field(description="Where it ends.")

    @model_validator(mode="after")
    def _stands_upright(self) -> Self:
        if self.south > self.north:
            raise PydanticCustomError("box", "south is greater than north")
        return self


class CircleSpec(Wire):
    """All around a place, as far as the crow flies."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"latitude": 52.52, "longitude": 13.405, "radius_km": 10}],
        }
    )

    latitude: Latitude = Field(description="Of the place, in degrees.")
    longitude: Longitude = Field(description="Of the place, in degrees.")
    radius_km: Annotated[StrictFloat, Field(ge=0, le=MAX_RADIUS_KM, allow_inf_nan=False)] = Field(
        description="How far around it, in kilometres."
    )
