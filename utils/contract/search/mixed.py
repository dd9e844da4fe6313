"""A search by anything: a text, pictures, stored images, vectors, mixed with weights."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, model_validator

from utils.contract.search.examples import (
    MAX_DIM,
    MAX_EXAMPLES,
    ExampleSpec,
    FoldSpec,
    OwnVector,
)
from utils.contract.search.one import (
    MAX_QUERY_CHARACTERS,
    PARSE_DESCRIPTION,
    LeastRelevance,
    SearchBody,
    SearchMode,
    SearchSort,
)
from utils.text.blank import is_blank

_IMAGE = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"


class SearchRequest(SearchBody):
    """What results are to be like and unlike, which of them count, and how they are shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "a dog on the beach", "filters": {"taken_after": "2019"}},
                {
                    "query": "a beach",
                    "positive": [{"image_id": _IMAGE, "weight": 2}],
                    "negative": [{"text": "people"}],
                    "diverse": True,
                },
                {"query": "birthday", "min_score": 0.25, "sort": "taken_at", "with_total": True},
            ]
        }
    )

    query: str | None = Field(
        default=None,
        max_length=MAX_QUERY_CHARACTERS,
        description="What the pictures show, in words: looked for in titles, captions and names, "
        "too, as `mode` says. Without it, and without examples, all images that `filters` let "
        "through are listed, sorted by `taken_at` unless `sort` says otherwise; none are folded.",
    )
    parse: StrictBool = Field(
        default=False, description=f"{PARSE_DESCRIPTION} Without examples only."
    )
    positive: tuple[ExampleSpec, ...] = Field(
        default=(), max_length=MAX_EXAMPLES, description="What results are to be like."
    )
    negative: tuple[ExampleSpec, ...] = Field(
        default=(),
        max_length=MAX_EXAMPLES,
        description="What they are to be unlike. From the weighted sum of all that they are to be "
        "like this is taken away, and the rest is brought to length 1.",
    )
    vector: OwnVector | None = Field(
        default=None,
        max_length=MAX_DIM,
        description="Short for one more of `positive` of weight 1.",
    )
    min_relevance: LeastRelevance | None = Field(
        default=None,
        description="The least `relevance` of a result, 0 to 1, where one text is asked for "
        "without examples. What words found stays. Where relevance is not known nothing is cut, "
        "and a warning says so.",
    )
    sort: SearchSort = Field(
        default=SearchSort.RELEVANCE,
        description="The order of what was found: of the best 10,000, or fewer where `min_score` "
        "cuts them. `added`: when it was imported first. Images without a date are the last.",
    )
    order: Literal["asc", "desc"] | None = Field(
        default=None,
        description="Of what is sorted by anything but relevance. Unless it is given the newest "
        "are the first, and paths go from A to Z.",
    )
    diverse: StrictBool = Field(
        default=False,
        description="Each result is unlike those before it (maximal marginal relevance), among "
        "the best 300.",
    )
    relevance_share: Annotated[StrictFloat, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.5,
        description="Of `diverse`: 1.0 is the order of relevance alone, 0.0 only variety.",
    )
    fold: FoldSpec = Field(default=FoldSpec(), description="Which images become one result.")
    with_total: StrictBool = Field(
        default=False, description="Whether all results are counted: that takes longer."
    )

    @property
    def is_browsed(self) -> bool:
        """Nothing is looked for: what the filters let through is listed."""
        return is_blank(self.query or "") and not (self.positive or self.negative or self.vector)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mode in (SearchMode.TEXT, SearchMode.HYBRID) and is_blank(self.query or ""):
            raise ValueError(f"mode: {self.mode} needs a query")
        is_mixed = bool(self.positive or self.negative or self.vector)
        if self.parse and (is_mixed or is_blank(self.query or "")):
            raise ValueError("parse: it is for a query without examples")
        if self.mode is SearchMode.TEXT and is_mixed:
            raise ValueError("mode: text is by the words of the query alone, without examples")
        self.check_scored()
        if self.is_browsed:
            for name in ("min_score", "min_relevance", "diverse"):
                if getattr(self, name) not in (None, False):
                    raise ValueError(f"{name}: it is for a query, or for examples")
            if self.fold.pairs or self.fold.bursts:
                raise ValueError("fold: it is for a query, or for examples")
        if self.diverse and self.sort is not SearchSort.RELEVANCE:
            raise ValueError("diverse: what is sorted by something else cannot be made diverse")
        return self
