"""Searches: what is asked, and what is found."""

from utils.contract.search.examples import ExampleSpec, FoldSpec
from utils.contract.search.mixed import SearchRequest
from utils.contract.search.one import (
    CURSOR_DESCRIPTION,
    MAX_CURSOR_CHARACTERS,
    MAX_QUERY_CHARACTERS,
    MAX_SEARCH_LIMIT,
    MAX_SEARCH_OFFSET,
    OFFSET_DESCRIPTION,
    CursorText,
    FoldedReply,
    ImageVectorReply,
    SearchHit,
    SearchMode,
    SearchReply,
    SearchSort,
    SearchTextRequest,
    Templates,
)

__all__ = [
    "CURSOR_DESCRIPTION",
    "MAX_CURSOR_CHARACTERS",
    "MAX_QUERY_CHARACTERS",
    "MAX_SEARCH_LIMIT",
    "MAX_SEARCH_OFFSET",
    "OFFSET_DESCRIPTION",
    "CursorText",
    "ExampleSpec",
    "FoldSpec",
    "FoldedReply",
    "ImageVectorReply",
    "SearchHit",
    "SearchMode",
    "SearchReply",
    "SearchRequest",
    "SearchSort",
    "SearchTextRequest",
    "Templates",
]
