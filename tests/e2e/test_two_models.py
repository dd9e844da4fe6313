"""Two collections of two models behind one inference service that holds both."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.component.test_inference_two_models import second_model
from tests.e2e.conftest import running, service_pair
from tests.e2e.rest import Rest, rest

QUERIES = ("a red circle", "a blue square", "a green triangle")


def found(api: Rest, collection: str) -> list[list[tuple[str, float]]]:
    return [
        [(hit["id"], hit["score"]) for hit in api.search(query, collection=collection, limit=5)]
        for query in QUERIES
    ]


def check_same(got: Sequence[Any], wanted: Sequence[Any]) -> None:
    for hits, then in zip(got, wanted, strict=True):
        assert [name for name, _ in hits] == [name for name, _ in then]
        assert [score for _, score in hits] == pytest.approx([s for _, s in then], abs=1e-3)


def test_a_library_of_the_model_before_is_searched_and_imported_while_a_new_one_is_made(
    tmp_path: Path,
) -> None:
    """The service's default model changes; it holds the one before beside it."""
    second = f"local-dir:{second_model(tmp_path / 'second')}"
    with (
        running(service_pair(tmp_path)) as pair,
        rest(pair.orchestrator.url) as api,
        ThreadPoolExecutor(1) as beside,
    ):
        first = api.ingested(pair.pictures)
        before = found(api, "default")
        pair.inference.stop()
        pair.inference.start(CLIP_MODEL=second, ML_MODELS="tiny-shapes", ML_MAX_MODELS="2")

        api.call("POST", "/collections", json={"name": "new"})
        import_of_new = beside.submit(api.ingested, pair.pictures, collection="new")
        searched = 0
        while searched < 3 or not import_of_new.done():
            check_same(found(api, "default"), before)
            searched += 1
        made = import_of_new.result()
        assert made["counts"]["embedded"] == first["counts"]["embedded"], made

        Image.new("RGB", (200, 200), "purple").save(pair.pictures / "late.png")
        late = api.ingested(pair.pictures)
        assert late["state"] == "completed", late
        assert late["counts"]["embedded"] == 1, late
        listed = {one["name"]: one for one in api.call("GET", "/collections")["collections"]}
        assert listed["default"]["fingerprint"] != listed["new"]["fingerprint"]
        assert listed["default"]["count"] == first["counts"]["embedded"] + 1
        assert found(api, "new") != before
