"""What filters mean: of places, folders, sides, and of trees."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.domain.library.filters import (
    NO_FILTERS,
    Box,
    Circle,
    Filters,
)
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from tests.component.store_fixtures import point
from utils.contract import FilterSpec, Orientation
from utils.contract.filters import MAX_DEPTH, MAX_NODES
from utils.metadata.photo_metadata import Metadata

MOMENT = datetime(2020, 1, 2)  # noqa: DTZ001  # a camera's clock has no zone
BARE = point(1, metadata=Metadata())


@pytest.mark.parametrize(
    ("box", "inside", "outside"),
    [
        (Box(50, 10, 55, 15), [(50, 10), (55, 15), (52, 13)], [(49.9, 12), (52, 9.9), (52, -13)]),
        (Box(-20, 170, -10, -170), [(-15, 175), (-15, 180), (-15, -180)], [(-15, 0), (-15, -169)]),
        (Box(-20, 170, -10, 180), [(-15, 170), (-15, -180)], [(-15, -179)]),
        (Box(-20, -180, -10, -170), [(-15, 180), (-15, -175)], [(-15, 179)]),
        (Box(-90, -180, 90, 180), [(-90, 0), (90, 180), (0, -180)], []),
    ],
)
def test_a_box_holds_its_edges_also_over_the_antimeridian(
    box: Box, inside: list[tuple[float, float]], outside: list[tuple[float, float]]
) -> None:
    assert all(box.holds(*place) for place in inside)
    assert not any(box.holds(*place) for place in outside)


def test_distances_are_those_of_the_great_circle() -> None:
    berlin = 52.5200, 13.4050
    paris = 48.8566, 2.3522  # 877.5 km away
    assert Circle(*berlin, radius_km=879).holds(*paris)
    assert not Circle(*berlin, radius_km=876).holds(*paris)
    fiji = Circle(-17.8, 179.9, radius_km=60)
    assert fiji.holds(-17.8, -179.9)
    assert not fiji.holds(-17.8, 179.0)
    assert Circle(89.9, 0, radius_km=30).holds(89.9, 180)  # over the pole
    assert Circle(10, 20, radius_km=0).holds(10, 20)
    assert Circle(10, 20, radius_km=20_040).holds(-10, -160)


PLACE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(
    centre=PLACE, radius_km=st.floats(0, 20_040), bearing=st.floats(0, 360), part=st.floats(0, 1)
)
def test_all_of_a_circle_lies_in_its_bounds(
    centre: tuple[float, float], radius_km: float, bearing: float, part: float
) -> None:
    circle = Circle(*centre, radius_km=radius_km)
    angle = min(radius_km / 6371.0088, math.pi) * part
    latitude, turn = math.radians(centre[0]), math.radians(bearing)
    sine = math.sin(latitude) * math.cos(angle)
    sine += math.cos(latitude) * math.sin(angle) * math.cos(turn)
    found = math.asin(max(-1.0, min(1.0, sine)))
    east = math.atan2(
        math.sin(turn) * math.sin(angle) * math.cos(latitude),
        math.cos(angle) - math.sin(latitude) * sine,
    )
    longitude = (centre[1] + math.degrees(east) + 540) % 360 - 180
    if circle.holds(math.degrees(found), longitude):
        bounds = circle.bounds
        assert bounds.holds(math.degrees(found), longitude)


@pytest.mark.parametrize(
    ("folder", "subfolders", "found"),
    [
        ("/photos/2019", True, True),
        ("/PHOTOS/2019/", True, True),
        ("/photos/2019", False, False),
        ("/photos/2019/Rome\u0301", False, True),
        ("/photos/20", True, False),
        ("/photos/2019/Rom\u00e9/a.jpg", True, False),
        ("/", True, True),
        ("/", False, False),
    ],
)
def test_a_folder_is_a_whole_one(folder: str, subfolders: bool, found: bool) -> None:
    here = point(1, display_path="/photos/2019/Rom\u00e9/a.jpg")
    assert Filters(folder=folder, subfolders=subfolders).matches(here) is found


def test_sides_are_those_of_the_picture_as_shown() -> None:
    for width, height, said in ((3, 2, "landscape"), (2, 3, "portrait"), (2, 2, "square")):
        picture = replace(point(1), width_px=width, height_px=height)
        matching = [one for one in Orientation if Filters(orientation=one).matches(picture)]
        assert matching == [said]


@given(pixels=st.integers(0, 10**12))
def test_megapixels_are_as_exact_as_pixels(pixels: int) -> None:
    megapixels = pixels / 10**6
    spec = FilterSpec(min_megapixels=megapixels, max_megapixels=megapixels)
    filters = filters_of(spec)
    assert (filters.min_pixels, filters.max_pixels) == (pixels, pixels)


def test_pixels_are_all_of_both_sides() -> None:
    wide = replace(point(1), width_px=2**31 - 1, height_px=2**31 - 1)
    small = replace(point(1), width_px=4000, height_px=3000)
    asked = Filters(min_pixels=12_000_000, max_pixels=12_000_000)
    assert (asked.matches(small), asked.matches(wide)) == (True, False)
    assert Filters(min_pixels=12_000_001).matches(wide)


@pytest.mark.parametrize(
    "unknown",
    [
        Filters(taken_after=MOMENT),
        Filters(taken_before=MOMENT),
        Filters(camera="canon"),
        Filters(lens="50"),
        Filters(rating_min=-1),
        Filters(rating_max=5),
        Filters(keywords=("rome",)),
        Filters(has_gps=True),
        Filters(box=Box(-90, -180, 90, 180)),
        Filters(circle=Circle(0, 0, radius_km=20_040)),
        Filters(has_caption=True),
    ],
    ids=str,
)
def test_what_a_picture_does_not_say_meets_no_condition(unknown: Filters) -> None:
    assert not unknown.matches(BARE)
    assert Filters(none_of=(unknown,)).matches(BARE)
    assert not Filters(any_of=(unknown, unknown)).matches(BARE)


def test_empty_lists_ask_nothing_and_an_empty_filter_holds_always() -> None:
    assert NO_FILTERS.matches(BARE)
    assert Filters(any_of=(NO_FILTERS,)).matches(BARE)
    assert not Filters(none_of=(NO_FILTERS,)).matches(BARE)
    assert filters_of(FilterSpec.model_validate({"any_of": []})) == NO_FILTERS


def test_what_may_be_shown_holds_whatever_else_is_asked() -> None:
    asked = Filters(within=(b"/else",), any_of=(NO_FILTERS, Filters(camera="canon")))
    assert not asked.matches(BARE)
    assert not asked.shows(BARE)


def nested(depth: int) -> dict[str, object]:
    return {"none_of": [nested(depth - 1)]} if depth > 1 else {"camera": "a"}


def test_trees_have_a_depth_and_a_size() -> None:
    whole = FilterSpec.model_validate(nested(MAX_DEPTH))
    assert len(list(filters_of(whole).nodes)) == MAX_DEPTH
    with pytest.raises(ValidationError, match="at most 4 deep") as caught:
        FilterSpec.model_validate(nested(MAX_DEPTH + 1))
    assert caught.value.error_count() == 1
    FilterSpec.model_validate({"any_of": [{}] * 50, "all_of": [{}] * (MAX_NODES - 51)})
    with pytest.raises(ValidationError, match="at most 64 filters"):
        FilterSpec.model_validate({"any_of": [{}] * 50, "all_of": [{}] * (MAX_NODES - 50)})
    with pytest.raises(ValidationError, match="at most 50 items"):
        FilterSpec.model_validate({"any_of": [{}] * 51})


def test_a_tree_that_is_far_too_deep_is_one_fault() -> None:
    deep: dict[str, object] = {}
    for _ in range(20_000):
        deep = {"all_of": [deep]}
    with pytest.raises(ValidationError, match="at most 4 deep"):
        FilterSpec.model_validate(deep)
    while deep:  # by hand: to let go of it at once would take as deep a recursion
        (deep,) = deep.pop("all_of")  # type: ignore[misc]  # it was made so above


@pytest.mark.parametrize(
    "asked",
    [
        {"formats": ["jpgg"]},
        {"box": {"south": 2, "west": 0, "north": 1, "east": 1}},
        {"box": {"south": 0, "west": 0, "north": 1}},
        {"box": {"south": 0, "west": 0, "north": 1, "east": 181}},
        {"near": {"latitude": 91, "longitude": 0, "radius_km": 1}},
        {"near": {"latitude": "1", "longitude": 0, "radius_km": 1}},
        {"near": {"latitude": 1, "longitude": 0, "radius_km": float("nan")}},
        {"folder": "photos"},
        {"orientation": "wide"},
        {"rating_max": 6},
        {"subfolders": "yes"},
        {"typo": 1},
        {"within": ["/"]},
        {"ids": []},
    ],
    ids=str,
)
def test_what_is_no_filter_is_refused_however_deep(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FilterSpec.model_validate(asked)
    with pytest.raises(ValidationError):
        FilterSpec.model_validate({"none_of": [{"any_of": [asked]}]})
