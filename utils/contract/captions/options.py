"""What a job that makes captions is asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, StrictBool

from utils.contract.base import Wire
from utils.contract.filters import FilterSpec


class CaptionOptions(Wire):
    """What a job of the kind `caption` is asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filters": {"taken_after": "2024"}, "captioner": "service"}]
        }
    )

    filters: FilterSpec = Field(
        default_factory=FilterSpec,
        description="Of which images; without conditions of all in the collection.",
    )
    captioner: Literal["auto", "service", "endpoint"] = Field(
        default="auto",
        description="`service`: the inference service's model; `endpoint`: the one at "
        "`CAPTION_URL`, to which pictures are sent; `auto`: that where it is set.",
    )
    renew: StrictBool = Field(
        default=False,
        description="Also images with a caption by another captioner, or by an earlier version of "
        "this one: the new one takes its place, and until then the old one stays.",
    )
    retry: StrictBool = Field(
        default=False, description="Also images of which this captioner has found no words before."
    )
