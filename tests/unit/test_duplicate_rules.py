"""Classes of duplicates, their groups, which image is kept, and what people said against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.duplicates.candidates import (
    MOST_COMPARED,
    SamePictureCandidates,
    may_be_same,
)
from ingestion_orchestration_fastapi_app.domain.duplicates.dismissing import (
    dismissed_copies,
    dismissed_places,
)
from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Grouping
from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images, ImagesBuilder
from ingestion_orchestration_fastapi_app.domain.duplicates.keeper import decided_by, reason_text
from ingestion_orchestration_fastapi_app.domain.duplicates.sure_classes import (
    group_bursts,
    group_raw_jpeg,
    group_same_bytes,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import placeholder_phash
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.unit.test_ledger_catalogue import point
from utils.contract.duplicates.groups import KeptBy
from utils.contract.duplicates.options import DuplicateClass
from utils.metadata.photo_metadata import Metadata, TakenAtSource

AT = datetime(2020, 5, 1, 12)  # noqa: DTZ001  # a camera's clock has no zone
SAME_BYTES, RAW_JPEG = DuplicateClass.SAME_BYTES, DuplicateClass.RAW_JPEG
SAME_PICTURE, BURST = DuplicateClass.SAME_PICTURE, DuplicateClass.BURST


def photo(name: str, number: int, /, **more: Any) -> Point:
    """Of its own content, and alike in all else."""
    return replace(point(name.encode()), **{"sha256": number.to_bytes(32, "little"), **more})


def shot(name: str, number: int, seconds: float, **more: Any) -> Point:
    taken = Metadata(
        taken_at=AT + timedelta(seconds=seconds),
        taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL,
        **more.pop("metadata", {}),
    )
    return photo(name, number, metadata=taken, **more)


def images_of(points: Sequence[Point]) -> tuple[Images, dict[int, str]]:
    """And the name at each place."""
    builder = ImagesBuilder(len(points))
    builder.add(points)
    images, _ = builder.built()
    names = {one.id: one.filename for one in points}
    return images, {place: names[images.id_at(place)] for place in range(len(images))}


def named(grouping: Grouping, kind: DuplicateClass, names: Mapping[int, str]) -> list[list[str]]:
    return [[names[place] for place in group] for group in grouping.groups(kind)]


def test_copies_are_one_group_and_the_one_to_keep_is_first() -> None:
    points = [
        photo("a.jpg", 1, mtime_ns=30),
        photo("b.jpg", 1, mtime_ns=10),
        photo("c.jpg", 2),
        photo("d.jpg", 1, mtime_ns=20),
    ]
    images, names = images_of(points)
    grouping = Grouping(len(images), {})
    group_same_bytes(images, grouping, dismissed=())
    assert named(grouping, SAME_BYTES, names) == [["b.jpg", "d.jpg", "a.jpg"]]
    standing = grouping.standing(RAW_JPEG)
    assert {names[place] for place in np.flatnonzero(standing).tolist()} == {"b.jpg", "c.jpg"}
    group_same_bytes(images, spared := Grouping(4, {}), dismissed={(1).to_bytes(32, "little")})
    assert named(spared, SAME_BYTES, names) == []


def test_a_raw_and_what_is_beside_it_are_one_shot() -> None:
    points = [
        photo("x/IMG_1.CR2", 1, format="cr2", width_px=50, height_px=40),
        photo("x/img_1.jpg", 2),
        photo("x/IMG_1.heic", 3, format="heic"),
        photo("y/IMG_1.jpg", 4),
        photo("x/IMG_2.jpg", 5),
        photo("x/IMG_2.png", 6, format="png"),
    ]
    images, names = images_of(points)
    grouping = Grouping(len(images), {})
    group_raw_jpeg(images, grouping)
    assert named(grouping, RAW_JPEG, names) == [["IMG_1.CR2", "IMG_1.heic", "img_1.jpg"]]
    standing = grouping.standing(SAME_PICTURE)
    assert "IMG_1.heic" in {names[place] for place in np.flatnonzero(standing).tolist()}
    assert "IMG_1.CR2" not in {names[place] for place in np.flatnonzero(standing).tolist()}


def test_a_burst_is_near_in_time_and_alike() -> None:
    points = [
        *(shot(f"b{n}.jpg", n + 1, 1.5 * n, phash=n % 2) for n in range(4)),
        shot("later.jpg", 10, 30, phash=0),
        shot("other.jpg", 11, 1, phash=2**40 - 1),
        shot("x1.jpg", 12, 50, phash=0, metadata={"camera_model": "X"}),
        shot("y.jpg", 13, 50.2, phash=0, metadata={"camera_model": "Y"}),
        shot("x2.jpg", 14, 50.4, phash=0, metadata={"camera_model": "X"}),
        photo("undated.jpg", 15, phash=0),
    ]
    images, names = images_of(points)
    grouping = Grouping(len(images), {})
    group_bursts(images, grouping, within_s=2, most_bits=10)
    found = [sorted(group) for group in named(grouping, BURST, names)]
    assert sorted(found) == [["b0.jpg", "b1.jpg", "b2.jpg", "b3.jpg"], ["x1.jpg", "x2.jpg"]]
    group_bursts(images, narrow := Grouping(len(images), {}), within_s=0.5, most_bits=0)
    assert [sorted(group) for group in named(narrow, BURST, names)] == [["x1.jpg", "x2.jpg"]]


def test_what_nobody_has_seen_is_in_no_burst() -> None:
    unseen = [shot(f"{number}.cr3", 1, 0) for number in range(2)]
    unseen = [replace(one, phash=placeholder_phash(one.sha256)) for one in unseen]
    images, _ = images_of(unseen)
    group_bursts(images, grouping := Grouping(2, {}), within_s=2, most_bits=10)
    assert list(grouping.groups(BURST)) == []
    assert not images.is_seen.any()


@pytest.mark.parametrize(
    ("more", "speaks_against"),
    [
        ({}, False),
        ({"width_px": 20, "height_px": 15}, False),
        ({"width_px": 13, "height_px": 10}, False),  # 40 x 30 and 13 x 9.75
        ({"width_px": 40, "height_px": 40}, True),
        ({"width_px": 30, "height_px": 40}, True),
        ({"metadata": Metadata()}, False),
        ({"metadata": Metadata(camera_model="other")}, True),
        (
            {
                "metadata": Metadata(
                    taken_at=AT + timedelta(seconds=0.4),
                    taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL,
                )
            },
            False,
        ),
        (
            {
                "metadata": Metadata(
                    taken_at=AT + timedelta(seconds=3),
                    taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL,
                )
            },
            True,
        ),
        (
            {
                "metadata": Metadata(
                    taken_at=AT + timedelta(hours=2), taken_at_source=TakenAtSource.GPS
                )
            },
            False,
        ),
    ],
)
def test_what_images_say_may_speak_against_one_picture(
    more: dict[str, Any], *, speaks_against: bool
) -> None:
    one = shot("a.jpg", 1, 0, metadata={"camera_model": "X"})
    images, _ = images_of([one, replace(one, id=point(b"b").id, **more)])
    assert may_be_same(images, 0, 1, quarters=0) != speaks_against
    assert may_be_same(images, 1, 0, quarters=0) != speaks_against


def test_a_turned_picture_has_its_sides_exchanged() -> None:
    points = [photo("a.jpg", 1), photo("b.jpg", 2, width_px=30, height_px=40)]
    images, _ = images_of(points)
    assert [may_be_same(images, 0, 1, quarters=each) for each in range(4)] == [
        False,
        True,
        False,
        True,
    ]


def test_candidates_are_leaders_before_the_nearest_first_and_not_too_many() -> None:
    points = [photo(f"{number:03}.jpg", number, phash=1, mtime_ns=number) for number in range(60)]
    points += [photo(f"n{number}.jpg", 100 + number, phash=3, mtime_ns=90) for number in range(2)]
    images, names = images_of(points)
    grouping = Grouping(len(images), {})
    candidates = SamePictureCandidates.found(images, grouping, most_bits=8)
    for place in range(60):
        assert len(candidates.of(place)) == min(place, MOST_COMPARED)
        candidates.passed(place)
    assert candidates.left_out == 60 - MOST_COMPARED - 1
    grouping.join(SAME_PICTURE, 60, 0)
    candidates.passed(60)
    assert names[60].startswith("n")
    assert 60 not in [other for other, _ in candidates.of(61)]


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40), st.data())
def test_two_images_are_together_in_one_class_only(
    wanted: list[tuple[int, int]], data: st.DataObject
) -> None:
    sets = data.draw(st.dictionaries(st.integers(0, 19), st.frozensets(st.integers(0, 3))))
    grouping = Grouping(20, sets)
    for kind in DuplicateClass:
        standing = grouping.standing(kind)
        for one, other in wanted:
            is_open = standing[one] and standing[other] and other != one
            leads = grouping.leader(kind, other) in (None, other)
            if is_open and leads and grouping.leader(kind, one) is None:
                grouping.join(kind, one, other)
    pairs = [
        frozenset((one, other))
        for kind in DuplicateClass
        for group in grouping.groups(kind)
        for one in group
        for other in group
        if one < other
    ]
    assert len(pairs) == len(set(pairs))
    for pair in pairs:
        one, other = pair
        assert not sets.get(one, frozenset()) & sets.get(other, frozenset())
    again = Grouping(20, sets)
    again.replay(grouping.joins)
    for kind in DuplicateClass:
        assert list(again.groups(kind)) == list(grouping.groups(kind))


def test_dismissed_contents_never_meet() -> None:
    points = [photo(f"{number}.jpg", number) for number in range(4)]
    images, names = images_of(points)
    one, two, three = ((number).to_bytes(32, "little") for number in range(3))
    sets = [(7, one), (7, two), (8, three)]
    assert dismissed_copies(sets) == {three}
    places = dismissed_places(images, sets)
    assert {names[place]: set(found) for place, found in places.items()} == {
        "0.jpg": {7},
        "1.jpg": {7},
    }
    at = {name: place for place, name in names.items()}
    grouping = Grouping(4, places)
    assert grouping.join(SAME_PICTURE, at["0.jpg"], at["3.jpg"])
    assert not grouping.join(SAME_PICTURE, at["1.jpg"], at["3.jpg"])
    assert grouping.join(SAME_PICTURE, at["2.jpg"], at["3.jpg"])


@pytest.mark.parametrize(
    ("worse", "by", "words"),
    [
        ({"partial": True, "width_px": 999}, KeptBy.WHOLE, "its file is whole"),
        ({"width_px": 39, "format": "cr3"}, KeptBy.PIXELS, "40 x 30 against 39 x 30"),
        ({"format": "webp", "mtime_ns": 1}, KeptBy.FORMAT, "jpeg against webp"),
        ({"metadata": Metadata(), "mtime_ns": 1}, KeptBy.METADATA, "2 fields against 0"),
        ({"mtime_ns": 10**18, "size_bytes": 99}, KeptBy.DATE, "the older file: 1970-01-01"),
        ({"size_bytes": 9}, KeptBy.BYTES, "10 bytes against 9"),
        ({}, KeptBy.ID, "nothing tells them apart"),
    ],
)
def test_the_one_to_keep_is_told_by_a_rule_in_words(
    worse: dict[str, Any], by: KeptBy, words: str
) -> None:
    better = photo("a.jpg", 1, metadata=Metadata(camera_model="X", keywords=("k",)))
    other = replace(better, **worse)
    if by is not KeptBy.ID:
        other = replace(other, id=point(b"b.jpg").id)
        _, names = images_of([replace(other, filename="worse"), better])
        assert [names[0], names[1]] == ["a.jpg", "worse"]
    assert decided_by(better, other) is by
    assert words in reason_text(better, other)
