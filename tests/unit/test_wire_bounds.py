"""Requests that hold too much are refused by one fault, before what they hold is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from annotated_types import MaxLen
from pydantic import ValidationError

from utils.contract import EmbedTextRequest, FilterSpec, IngestRequest, SearchTextRequest, Wire


def requests() -> Iterator[type[Wire]]:
    waiting = [Wire]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            yield kind


def test_every_list_of_a_request_has_a_most() -> None:
    seen = 0
    for kind in requests():
        for name, field in kind.model_fields.items():
            if any(word in str(field.annotation) for word in ("tuple", "list", "dict", "set[")):
                seen += 1
                bounds = [one for one in field.metadata if isinstance(one, MaxLen)]
                assert bounds, f"{kind.__name__}.{name} takes any number of items"
    assert seen >= 3


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FilterSpec, {"keywords": [0] * 100_000}),
        (FilterSpec, {"formats": [0] * 100_000}),
        (EmbedTextRequest, {"texts": [0] * 100_000}),
        (EmbedTextRequest, {"texts": {str(n): n for n in range(100_000)}}),
        (SearchTextRequest, {"query": "a", "filters": {"keywords": [0] * 100_000}}),
        (IngestRequest, {str(n): n for n in range(100_000)}),
    ],
)
def test_excess_is_one_fault(kind: type[Wire], body: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(body)
    assert caught.value.error_count() == 1


def test_a_list_as_long_as_allowed_passes() -> None:
    assert len(FilterSpec.model_validate({"keywords": ["a"] * 50}).keywords) == 50


def test_the_unknown_field_is_named() -> None:
    with pytest.raises(ValidationError, match="typo: there is no such field"):
        FilterSpec.model_validate({"typo": 1})
