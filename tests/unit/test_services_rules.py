"""Pure rules about inference services: whose model counts, how much each is sent and how often."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits
from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    captions_alike,
    reference_capabilities,
)
from ingestion_orchestration_fastapi_app.domain.inference.window import MAX_PATIENCE, Window
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.fakes import capabilities
from utils.contract import Capabilities, CaptionCapabilities


def service(
    fingerprint: str, *, captions: bool = False, captioner: str | None = None
) -> Capabilities:
    told = CaptionCapabilities(available=captions, fingerprint=captioner)
    return capabilities(fingerprint=fingerprint).model_copy(update={"captions": told})


SERVICES = st.lists(st.builds(service, st.sampled_from("abc"), captions=st.booleans()), max_size=5)


@given(SERVICES, st.sampled_from([None, "a", "b", "c"]), st.booleans())
def test_the_lead_runs_the_collections_model_or_else_the_first_ones(
    told: list[Capabilities], fingerprint: str | None, captions: bool
) -> None:
    found = reference_capabilities(told, fingerprint=fingerprint, captions=captions)
    wanted = fingerprint or (told[0].clip.fingerprint if told else None)
    alike = [one for one in told if one.clip.fingerprint == wanted]
    assert (found is None) == (not alike)
    if found is not None:
        assert found in alike
        if captions and any(one.captions.available for one in alike):
            assert found.captions.available
        else:
            assert found is alike[0]


def test_captions_are_alike_unless_their_makers_are_known_to_differ() -> None:
    one = service("a", captions=True, captioner="blip-1")
    assert captions_alike(one, one)
    assert captions_alike(one, service("a", captions=True))
    assert captions_alike(service("a", captions=True), one)
    assert not captions_alike(one, service("a", captions=True, captioner="blip-2"))
    assert not captions_alike(one, service("a"))


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=50),
    st.integers(1, 20),
    st.integers(1, 10_000),
)
def test_parts_fit_lose_nothing_and_are_as_large_as_may_be(
    sizes: list[int], max_images: int, max_bytes: int
) -> None:
    limits = BatchLimits(max_images, max_bytes)
    rest = sizes
    while rest:
        first = limits.fitting(rest)
        part, rest = rest[:first], rest[first:]
        assert 1 <= len(part) <= max_images
        if len(part) > 1:
            assert limits.fitting(part) == len(part)
        if rest and len(part) < max_images:
            assert limits.fitting([*part, rest[0]]) == len(part)


def test_a_window_that_never_stands_is_tried_ever_more_rarely() -> None:
    window = Window.of_limit(2).overloaded()
    tries = []
    for answers in range(200):
        window = window.answered()
        if window.size == 2:
            tries.append(answers)
            window = window.overloaded()
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert gaps[:5] == [2, 4, 8, 16, 32]
    assert set(gaps[5:]) == {MAX_PATIENCE}
    while window.size < 2:
        window = window.answered()
    for _ in range(2):
        window = window.answered()
    assert window == Window.of_limit(2), "once it stands all is forgotten"


@pytest.mark.parametrize(
    ("given_urls", "urls"),
    [
        ("http://a:1/", ("http://a:1",)),
        ("http://a:1, http://b:2/ ,,http://a:1/", ("http://a:1", "http://b:2")),
    ],
)
def test_urls_are_a_list_in_which_each_stands_once(given_urls: str, urls: tuple[str, ...]) -> None:
    assert Settings(ml_inference_service_url=given_urls).ml_urls == urls


def test_a_list_without_a_url_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(ml_inference_service_url=" , ")
