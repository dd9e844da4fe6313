"""A search by one text, and what any search finds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, model_validator

from utils.contract.base import (
    JSON_NUMBER,
    CollectionText,
    NotBlank,
    Reply,
    Wire,
)
from utils.contract.examples import HIT, IMAGE_VECTOR, SEARCH
from utils.contract.filters import FilterSpec
from utils.contract.filters.sentences import Understood
from utils.contract.images import ImageReply
from utils.contract.times import Day
from utils.contract.warnings import DETAILS, WarningDetail


class SearchMode(StrEnum):
    """By what pictures are found."""

    AUTO = "auto"
    VECTOR = "vector"
    TEXT = "text"
    HYBRID = "hybrid"


class SearchSort(StrEnum):
    """The order of what was found."""

    RELEVANCE = "relevance"
    TAKEN_AT = "taken_at"
    ADDED = "added"
    PATH = "path"


class Templates(StrEnum):
    """Whether a short text is searched for by several sentences."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


MAX_SEARCH_LIMIT = 500
MAX_SEARCH_OFFSET = 10_000
OFFSET_DESCRIPTION = (
    f"How many of the best results are passed over, at most {MAX_SEARCH_OFFSET:,}: with `limit` "
    f"the best {MAX_SEARCH_OFFSET + MAX_SEARCH_LIMIT:,} can be had. Where images come in between "
    "two pages, the second may repeat some of the first."
)
CURSOR_DESCRIPTION = (
    "The `cursor` of the page before, in place of `offset`, with all else as it was but for "
    "`limit`: the page then begins after that one's last result, and repeats nothing, also where "
    "images come or go meanwhile. It is good for 10 minutes."
)
MODE_DESCRIPTION = (
    "`vector`: by meaning. `text`: by words of title, description, keywords, "
    "caption, file and folder names (BM25); needs no model. `hybrid`: by both, fused by rank. "
    "`auto`: `hybrid` where something is quoted, where a picture holds all words, or one with "
    "a digit; else `vector`. Words in quotes must be there, in their order, but for `vector`."
)
PARSE_DESCRIPTION = (
    "Whether a date (`last winter`, `May 2019`, `gestern`) and a place (`in Berlin`, `bei Wien`) "
    "in the query become conditions, in English and German. The answer's `understood` tells them."
)
TODAY_DESCRIPTION = "The day from which `parse` counts, where it is not the service's."
TEMPLATES_DESCRIPTION = (
    "Whether a text of up to three words is searched for by the mean of several sentences that it "
    "stands in (`a photo of ...`), and itself. `auto`: where the last `photoseek eval` with the "
    "collection's model found that it helps, unless the setting `SEARCH_TEMPLATES` says otherwise."
)
MAX_CURSOR_CHARACTERS = 16_384
MAX_QUERY_CHARACTERS = 2000

# For the document alone: another text is no cursor, and ERR_CURSOR says so.
_CURSOR_PATTERN = r"^[A-Za-z0-9_=-]+$"

CursorText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_CURSOR_CHARACTERS,
        json_schema_extra={"pattern": _CURSOR_PATTERN},
    ),
]
LeastRelevance = Annotated[StrictFloat, Field(ge=0, le=1, allow_inf_nan=False)]


class SearchBody(Wire):
    """What every search says, whatever it looks for: where, which page, and what counts."""

    query: str | None = None
    parse: StrictBool = Field(default=False, description=PARSE_DESCRIPTION)
    today: Day | None = Field(default=None, description=TODAY_DESCRIPTION)
    collection: CollectionText = "default"
    limit: Annotated[int, Field(ge=1, le=MAX_SEARCH_LIMIT), JSON_NUMBER] = Field(
        default=20, description="The most results."
    )
    offset: Annotated[int, Field(ge=0, le=MAX_SEARCH_OFFSET), JSON_NUMBER] = Field(
        default=0, description=OFFSET_DESCRIPTION
    )
    cursor: CursorText | None = Field(default=None, description=CURSOR_DESCRIPTION)
    filters: FilterSpec = Field(
        default=FilterSpec(), description="Conditions that every result meets."
    )
    min_score: Annotated[StrictFloat, Field(ge=-1, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="The least score of a result, -1 to 1."
    )
    min_relevance: LeastRelevance | None = None
    mode: SearchMode = Field(default=SearchMode.AUTO, description=MODE_DESCRIPTION)
    templates: Templates = Field(default=Templates.AUTO, description=TEMPLATES_DESCRIPTION)

    def check_scored(self) -> None:
        """Raises ValueError where a score is asked for that words alone do not have."""
        if self.mode is SearchMode.TEXT and self.min_score is not None:
            raise ValueError("min_score: by words alone there is no such score")
        if self.mode is SearchMode.TEXT and self.min_relevance is not None:
            raise ValueError("min_relevance: by words alone there is no relevance")


class SearchTextRequest(SearchBody):
    """What is looked for in words, and where."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "a dog on the beach", "limit": 20, "filters": {"taken_after": "2019"}},
                {"query": '"red car" in the snow', "mode": "hybrid"},
                {"query": "snow in Berlin last winter", "parse": True, "today": "2026-11-29"},
            ]
        }
    )

    query: Annotated[str, NotBlank] = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="What the pictures show, in words. Where it is longer than the model reads, "
        "its end is cut off, and a warning says so; a blank one is refused.",
    )
    min_relevance: LeastRelevance | None = Field(
        default=None,
        description="The least `relevance` of a result, 0 to 1; 0.5 cuts where noise is "
        "expected to have a picture as good. What words found stays. Where relevance is not "
        "known nothing is cut, and a warning says so.",
    )
    mode: SearchMode = Field(default=SearchMode.VECTOR, description=MODE_DESCRIPTION)

    @model_validator(mode="after")
    def _of_words_alone_there_is_no_score(self) -> Self:
        self.check_scored()
        return self


FoundBy = Literal["vector", "words"]


class FoldedReply(Reply):
    """Other images of the collection that one result stands for."""

    count: int = Field(description="How many they are, without the one that is shown.")
    ids: tuple[str, ...] = Field(description="Their ids.")


class SearchHit(ImageReply):
    """A stored image and how near it is to what was asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [HIT]})

    score: float | None = Field(
        description="The cosine between query and image, -1 to 1; null where words alone were "
        "asked for (`mode` is `text`), or filters alone."
    )
    relevance: float | None = Field(
        default=None,
        description="How likely it is no chance that it is so near, 0 to 1: told from what several "
        "hundred neutral texts find among the same pictures. At 0.5 a text that fits nothing is "
        "expected to find one as good. Null where it is not known: fewer than 50 images, an import "
        "of a minute ago, or a search that is not by one text.",
    )
    probability: float | None = Field(
        default=None,
        description="The model's own word, 0 to 1, of a SigLIP model, which was trained to tell "
        "whether one text and one picture belong together. It knows nothing of this collection, "
        "and is small even of what fits; null of other models, and of a search that is not by one "
        "text as it is.",
    )
    found_by: tuple[FoundBy, ...] = Field(
        default=("vector",),
        description="What found it: its vector, its words, or both; empty where filters alone were "
        "given.",
    )
    matched_words: tuple[str, ...] = Field(
        default=(),
        description="The words of the query that it holds, without case and accents: in title, "
        "description, keywords, caption, file or folder names.",
    )
    word_score: float | None = Field(
        default=None,
        description="How well its words match, by BM25: to be compared within one search; null "
        "where words did not find it.",
    )
    folded: FoldedReply | None = Field(
        default=None, description="What else it stands for; null where there is nothing."
    )


class SearchReply(Reply):
    """What was found, the best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [SEARCH]})

    results: tuple[SearchHit, ...] = Field(description="The images, the best first.")
    collection: str = Field(description="The collection that was searched.")
    model: str | None = Field(
        description="The model that made its vectors; null before the first import."
    )
    warnings: tuple[str, ...] = Field(
        default=(), description="What makes the results less than they seem."
    )
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)
    cursor: str | None = Field(
        default=None,
        description="Gives the next page, for 10 minutes; null where there is none.",
    )
    nothing_relevant: bool | None = Field(
        default=None,
        description="Whether the best hit is no better than what 95 % of texts find that fit no "
        "picture here. Null where it is not known (see `relevance`), and on further pages.",
    )
    calibrated: bool = Field(
        default=False,
        description="Whether `photoseek eval` has run with the collection's model: before that "
        "nobody has seen how well `relevance` tells with it, and nothing should be cut unasked.",
    )
    suggested_min_relevance: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The `min_relevance` to cut at where only what fits is to be shown: the "
        "highest that kept 98 % of the hits that fit, 0.5 to 0.95, when `photoseek eval` last ran "
        "with the collection's model. Where `nothing_relevant` is true, show nothing of what it "
        "keeps, either. Null before that, where none from 0.5 on keeps so many, and where "
        "relevance is not known.",
    )
    mode_used: SearchMode | None = Field(
        default=SearchMode.VECTOR,
        description="By what was searched: never `auto`. It is `vector` where no text was given, "
        "and where the words did not answer, as a warning then says; null where filters alone were "
        "given.",
    )
    templates_used: bool = Field(
        default=False,
        description="Whether the text was searched for by several sentences: see `templates`.",
    )
    understood: Understood | None = Field(
        default=None, description="What `parse` read in the query; null without it."
    )
    total: int | None = Field(
        default=None,
        description="How many results there are, where `with_total` asks for it; null otherwise.",
    )
    total_is_exact: bool = Field(
        default=True, description="Else there are at least so many: it is counted to 10,000."
    )


class ImageVectorReply(Reply):
    """The vector of a stored image, of length 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMAGE_VECTOR]})

    id: str = Field(description="The image.")
    collection: str = Field(description="The collection that it is in.")
    model: str = Field(description="The model that made it.")
    fingerprint: str = Field(description="Of the model: vectors of another one fit none of these.")
    vector: tuple[float, ...] = Field(description="Its numbers, as many as the model has.")
