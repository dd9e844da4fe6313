"""What a facet counts of a value is what the list has that is filtered by it: whatever it is."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Facet
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from tests.unit.ledger_words import a_ledger, complete, running
from tests.unit.test_ledger_catalogue import listed
from utils.contract import FilterSpec
from utils.metadata.photo_metadata import Metadata
from utils.metadata.text import keywords, one_line
from utils.text.folded import folded

pytestmark = pytest.mark.anyio

# Some that are alike but for case, some parts of others, and what means something to SQL.
NAMES = ["Canon", "canon", "Canon EOS 40", "Canon EOS 40D", "EOS", "100%", "100_", "100a", "Straße"]
NAMES += ["STRASSE", "É", "E\u0301", "É\\", "a,b", "a", "'", "''", '"', "\\'", "x' OR 1=1 --", "ﬁ"]
TEXTS = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.sampled_from("aAéÉ\u0301ßİı%_\\'\",;-| \u3000\U0001f4f7"), min_size=1, max_size=4),
).map(one_line)
PICTURES = st.builds(
    Metadata,
    taken_at=st.none() | st.datetimes(datetime(1, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  # a camera's clock has no zone
    camera_make=st.none() | TEXTS,
    camera_model=st.none() | TEXTS,
    lens=st.none() | TEXTS,
    latitude=st.none() | st.just(1.0),
    longitude=st.just(2.0),
    rating=st.none() | st.integers(-1, 5),
    keywords=st.lists(TEXTS.filter(bool).map(str), max_size=3).map(keywords),
)
FOLDERS = TEXTS.map(lambda text: f"f{text}".replace("/", "-"))
SAID = st.builds(
    Annotation,
    rating=st.none() | st.integers(-1, 5),
    favourite=st.none() | st.booleans(),
    tags=st.lists(TEXTS.filter(bool).map(str), max_size=3, unique_by=folded).map(tuple),
)


def chosen(facet: Facet, value: str) -> Mapping[str, object]:  # noqa: C901  # a line a facet
    """The filter that a value of a facet is chosen by."""
    match facet:
        case Facet.CAMERA:
            return {"cameras": [value]}
        case Facet.LENS:
            return {"lenses": [value]}
        case Facet.YEAR:
            return {"taken_after": value, "taken_before": value}
        case Facet.FOLDER:
            return {"folder": value, "subfolders": False}
        case Facet.KEYWORD:
            return {"keywords": [value]}
        case Facet.TAG:
            return {"tags": [value]}
        case Facet.FORMAT:
            return {"formats": [value]}
        case Facet.RATING:
            return {"rating_min": int(value), "rating_max": int(value)}
        case Facet.ORIENTATION:
            return {"orientation": value}
        case Facet.PLACE:
            return {"has_gps": value == "true"}
        case Facet.CAPTION:
            return {"has_caption": value == "true"}
        case Facet.FAVOURITE:
            return {"favourite": value == "true"}


@settings(max_examples=20, deadline=None)
@given(made=st.lists(st.tuples(FOLDERS, PICTURES, SAID), min_size=1, max_size=25))
async def test_a_facets_count_is_how_many_its_value_lets_through(
    made: list[tuple[str, Metadata, Annotation]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with a_ledger("sqlite", Path(folder)) as ledger:
            collection = await running(ledger)
            outcomes = []
            for number, (above, metadata, said) in enumerate(made):
                one = listed(f"{above}/{number}.jpg".encode(), metadata)
                assert one.catalogued is not None, "it was made so"
                content = number.to_bytes(32, "big")
                shape = replace(one.catalogued, sha256=content, width_px=29 + number % 3)
                kind = replace(shape, format=("jpeg", "png", "cr2")[number % 3])
                outcomes.append(replace(one, catalogued=kind))
                await ledger.annotations.put(content, said)
            await complete(ledger, collection, *outcomes)
            wanted = dict.fromkeys(Facet, NO_FILTERS)
            facets = await ledger.browsing.facets(collection.id, wanted, top=500)
            for facet, counts in facets.items():
                values = {told.value: told.count for told in counts.values}
                assert len(values) == len(counts.values) == counts.distinct
                for value, count in values.items():
                    filters = filters_of(FilterSpec.model_validate(chosen(facet, value)))
                    found = await ledger.browsing.count(collection.id, filters, at_most=None)
                    assert (facet, value, found) == (facet, value, count)
