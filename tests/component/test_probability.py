"""Hits of a SigLIP model have its own probability beside the cosine; those of others have none."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.search.relevance.sigmoid import Sigmoid
from ingestion_orchestration_fastapi_app.domain.search.templates import texts_for
from ingestion_orchestration_fastapi_app.library.searching.mixed import Example
from tests.component.made_library import MadeLibrary, made_library, picture, query, unit
from utils.contract.inference import SigmoidHead
from utils.contract.search import SearchMode, Templates

pytestmark = pytest.mark.anyio

DIM = 8
HEAD = SigmoidHead(scale=20.0, bias=-8.0)


async def made(head: SigmoidHead | None) -> MadeLibrary:
    random = np.random.default_rng(1)
    points = [picture(number, unit(random.standard_normal(DIM))) for number in range(12)]
    texts = {text: unit(random.standard_normal(DIM)) for text in texts_for("dog")}
    return await made_library(points, texts, sigmoid=head)


async def test_it_is_the_sigmoid_of_the_cosine() -> None:
    library = await made(HEAD)
    for mode in (SearchMode.VECTOR, SearchMode.HYBRID):
        found = await library.found("dog", mode=mode)
        assert found.hits
        for hit in found.hits:
            assert hit.score is not None
            assert hit.probability == Sigmoid(HEAD.scale, HEAD.bias).probability(hit.score)


async def test_what_is_not_one_text_as_it_is_has_none() -> None:
    library = await made(HEAD)
    templated = await library.found("dog", templates=Templates.ON)
    by_words = await library.found("dog", mode=SearchMode.TEXT)
    mixed = await library.search.mixed(query(), None, [Example(tuple(float(n) for n in range(8)))])
    for found in (templated, by_words, mixed):
        assert {hit.probability for hit in found.hits} <= {None}


async def test_a_model_without_a_sigmoid_has_none() -> None:
    found = await (await made(None)).found("dog")
    assert {hit.probability for hit in found.hits} == {None}
