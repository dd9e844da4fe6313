"""Which texts show nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from utils.contract import EmbedTextRequest, SearchTextRequest
from utils.text.blank import is_blank

BLANK = [
    " ",
    "\t\n\r\v\f",
    "\u00a0\u2003\u3000",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u202e\u2066",
    "\x00\x07\x1b",
    "\u2028\u2029",
    "\u00ad",
    "\u3164\u115f\u2800",
    "\ufe0f\u034f",
    "\U000e0020",
]


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_what_nobody_sees_is_blank_to_both_services(text: str) -> None:
    assert is_blank(text)
    with pytest.raises(ValidationError, match="blank"):
        SearchTextRequest(query=text)
    with pytest.raises(ValidationError, match="blank"):
        EmbedTextRequest(texts=("a", text))


@pytest.mark.parametrize(
    "text", ["a", " . ", "\u200bx", "日", "🚲", "👨\u200d👩", "-", "\u0301", "\ue000"]
)
def test_whatever_shows_something_is_asked_for(text: str) -> None:
    assert not is_blank(text)
    assert SearchTextRequest(query=text).query == text
    assert EmbedTextRequest(texts=(text,)).texts == (text,)
