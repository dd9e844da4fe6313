"""A short text is searched for by several sentences: asked for, or where it was seen to help."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.search.templates import texts_for
from ingestion_orchestration_fastapi_app.errors import CursorRefused
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from tests.component.made_library import MadeLibrary, made_library, picture, unit
from tests.fakes import FINGERPRINT
from tests.memory_ledger import memory_ledger
from utils.contract.search import SearchMode, Templates

pytestmark = pytest.mark.anyio

DIM = 16
DOG, SENTENCE = "dog", "a dog on the beach"


@dataclass
class Kept:
    library: MadeLibrary
    plain: list[str] = field(default_factory=list)
    mean: list[str] = field(default_factory=list)


async def made() -> Kept:
    """The text alone finds other pictures than its mean with the templates does."""
    texts = {text: unit(np.eye(DIM)[number]) for number, text in enumerate(texts_for(DOG))}
    texts[SENTENCE] = texts[DOG]
    random = np.random.default_rng(0)
    points = [picture(number, unit(random.standard_normal(DIM))) for number in range(30)]
    library = await made_library(points, texts)
    mean = unit(np.sum([texts[text] for text in texts_for(DOG)], axis=0))
    orders = [
        [str(one.id) for one in sorted(points, key=lambda one, of=of: -float(one.vector @ of))]  # type: ignore[misc]  # mypy infers no default's type
        for of in (texts[DOG], mean)
    ]
    return Kept(library, *orders)


async def test_it_is_done_where_it_is_asked_for_and_the_answer_says_so() -> None:
    kept = await made()
    for mode in (SearchMode.VECTOR, SearchMode.AUTO):
        found = await kept.library.found(DOG, templates=Templates.ON, mode=mode)
        assert [str(hit.point.id) for hit in found.hits] == kept.mean[:10]
        assert found.templated
    for choice in (Templates.OFF, Templates.AUTO):  # nothing was measured
        found = await kept.library.found(DOG, templates=choice)
        assert [str(hit.point.id) for hit in found.hits] == kept.plain[:10]
        assert not found.templated
    assert not (await kept.library.found(SENTENCE, templates=Templates.ON)).templated


async def test_pages_go_on_with_the_vector_and_say_the_same() -> None:
    kept = await made()
    first = await kept.library.found(DOG, templates=Templates.ON, limit=4)
    second = await kept.library.found(DOG, templates=Templates.ON, limit=4, cursor=first.cursor)
    shown = [str(hit.point.id) for hit in (*first.hits, *second.hits)]
    assert shown == kept.mean[:8]
    assert second.templated
    for other in (Templates.OFF, Templates.AUTO):
        with pytest.raises(CursorRefused):
            await kept.library.found(DOG, templates=other, limit=4, cursor=first.cursor)


async def test_left_to_the_service_the_last_evaluation_decides() -> None:
    kept = await made()
    calibrations = kept.library.ledger.calibrations
    for helps in (True, False):
        await calibrations.set_evaluated(FINGERPRINT, "job", templates_help=helps)
        assert (await kept.library.found(DOG)).templated is helps
    await calibrations.set_evaluated(FINGERPRINT, "job", templates_help=True)
    assert not (await kept.library.found(DOG, templates=Templates.OFF)).templated


@pytest.mark.parametrize("default", [Templates.ON, Templates.OFF])
async def test_the_setting_stands_for_who_leaves_it_to_the_service(default: Templates) -> None:
    kept = await made()
    active = (await kept.library.collections.get("default")).bound()
    calibrations = memory_ledger().calibrations
    await calibrations.set_evaluated(FINGERPRINT, "job", templates_help=default is Templates.OFF)
    templating = Templating(calibrations, default=default)
    for asked, number in (
        (Templates.AUTO, 5 if default is Templates.ON else 1),
        (Templates.ON, 5),
        (Templates.OFF, 1),
    ):
        assert len(await templating.texts(asked, active, DOG)) == number
