"""What a search is given beside its text: examples, and what is to be folded."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictFloat, model_validator

from utils.contract.base import MAX_NAME_CHARACTERS, NotBlank, Wire
from utils.contract.search.one import MAX_QUERY_CHARACTERS

MAX_EXAMPLES = 8
MIN_WEIGHT = 0.01
MAX_WEIGHT = 100
MAX_DIM = 8192  # of every model that there is

Number = Annotated[StrictFloat, Field(ge=-3.4e38, le=3.4e38, allow_inf_nan=False)]
Weight = Annotated[StrictFloat, Field(ge=MIN_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)]
OwnVector = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MAX_DIM)]


class ExampleSpec(Wire):
    """One thing that results are to be like, or unlike. Exactly one of its kinds is given."""

    text: Annotated[str, NotBlank] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="What it shows, in words: for its meaning alone.",
    )
    image_id: UUID | None = Field(
        default=None,
        description="An image of the collection; it is no result itself. Needs no model.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_NAME_CHARACTERS,
        description="The name of a file that is sent along (`POST /search/pictures`).",
    )
    vector: OwnVector | None = Field(
        default=None,
        max_length=MAX_DIM,
        description="A vector of the collection's model. It is brought to length 1.",
    )
    weight: Weight = Field(default=1.0, description="How much it counts beside the others.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [self.text, self.image_id, self.file, self.vector]
        if sum(one is not None for one in given) != 1:
            raise ValueError("give exactly one of text, image_id, file and vector")
        return self


class FoldSpec(Wire):
    """Which images become one result, which says what else it stands for."""

    copies: StrictBool = Field(default=True, description="Files of the same bytes.")
    pairs: StrictBool = Field(
        default=False,
        description="A RAW file and another of the same folder and name but for the extension.",
    )
    bursts: StrictBool = Field(
        default=False,
        description="Taken within two seconds of one another, and nearly the same picture.",
    )
