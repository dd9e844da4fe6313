"""What stands in a field means the same however its writer encoded it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.metadata.fields import of_exif, of_xmp
from tests.metadata_files import Value
from utils.metadata.place import degrees_of_text

NEVER = float("nan")  # 0/0: what was never filled in


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("39,6.9N", 39.115),
        ("39,6,54S", -39.115),
        ("39 deg 6' 54.00\" N", 39.115),
        ("N39° 6′ 54″", 39.115),
        ("39.115 South", -39.115),
        ("39.115", 39.115),
        ("-39.115", -39.115),
        ("39,6.9", None),
        ("39", None),
        ("39,6.9E", None),
        ("95,0N", None),
        ("1,2,3,4N", None),
        ("39,75N", None),
        ("somewhere", None),
    ],
)
def test_a_latitude_in_text_is_read_where_its_side_is_known(
    text: str, degrees: float | None
) -> None:
    assert degrees_of_text(text, is_latitude=True) == (
        None if degrees is None else pytest.approx(degrees)
    )


@given(st.text(max_size=80), st.text(max_size=8), st.booleans())
def test_any_text_is_degrees_or_none(text: str, ref: str, is_latitude: bool) -> None:
    found = degrees_of_text(text, is_latitude=is_latitude, ref=ref)
    assert found is None or abs(found) <= (90 if is_latitude else 180)


@pytest.mark.parametrize(
    ("latitude", "longitude", "refs", "place"),
    [
        ((5, [33, 30, 36]), (5, [7, 0, 0]), ("S", "E"), (-33.51, 7)),
        ((5, [33.51]), (5, [7]), ("South", "East"), (-33.51, 7)),
        ((10, [-33, 30, 36]), (10, [7, 0, 0]), ("S", "E"), (-33.51, 7)),
        ("33 deg 30' 36\"", "7.5", ("S", "W"), (-33.51, -7.5)),
        ("33,30.6S", "7,30.0W", ("", ""), (-33.51, -7.5)),
        ((5, [33, 30, 36]), (5, [7, 0, 0]), ("", "E"), None),
        ((5, [95, 0, 0]), (5, [7, 0, 0]), ("N", "E"), None),
        ((5, [33, 30.6, NEVER]), (5, [7.5, NEVER, NEVER]), ("N", "E"), (33.51, 7.5)),
        ((5, [33, NEVER, NEVER]), (5, [7.5, NEVER, NEVER]), ("N", "E"), None),
        ((5, [0, 0, 0]), (5, [0, 0, 0]), ("N", "E"), None),
    ],
)
def test_a_place_in_exif_is_read(
    latitude: Value, longitude: Value, refs: tuple[str, str], place: tuple[float, float] | None
) -> None:
    found = of_exif(gps={1: refs[0], 2: latitude, 3: refs[1], 4: longitude})
    if place is None:
        assert (found.latitude, found.longitude) == (None, None)
    else:
        assert found.latitude == pytest.approx(place[0])
        assert found.longitude == pytest.approx(place[1])


def test_xmp_names_the_side_of_the_equator_apart() -> None:
    apart = (
        ' exif:GPSLatitude="33.51" exif:GPSLatitudeRef="S"'
        ' exif:GPSLongitude="7.5" exif:GPSLongitudeRef="W"'
    )
    found = of_xmp("", apart)
    assert found.latitude == pytest.approx(-33.51)
    assert found.longitude == pytest.approx(-7.5)


@pytest.mark.parametrize(
    ("percent", "stars"), [(0, 0), (1, 1), (25, 2), (50, 3), (75, 4), (99, 5), (100, 5)]
)
def test_the_stars_of_windows_are_percents(percent: int, stars: int) -> None:
    assert of_exif({18249: (3, [percent])}).rating == stars
    space = ' xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0{}"'
    for end in ("/", ""):
        attribute = f'{space.format(end)} MicrosoftPhoto:Rating="{percent}"'
        assert of_xmp("", attribute).rating == stars
    assert of_exif({18246: (3, [2]), 18249: (3, [99])}).rating == 2


@pytest.mark.parametrize(
    ("tag", "value", "iso"),
    [
        (34855, (3, [400]), 400),
        (34855, (4, [102_400]), 102_400),
        (34855, "400", 400),
        (34865, (4, [400]), 400),
        (34866, (4, [400]), 400),
        (34867, (4, [400]), 400),
        (34855, (3, [0]), None),
        (34855, "auto", None),
    ],
)
def test_the_sensitivity_is_read_from_any_of_its_tags(
    tag: int, value: Value, iso: int | None
) -> None:
    assert of_exif(camera={tag: value}).iso == iso


@pytest.mark.parametrize("tag", [23, 55])
def test_a_panasonic_raw_keeps_the_sensitivity_in_its_main_directory(tag: int) -> None:
    assert of_exif({271: "Panasonic", tag: (3, [80])}).iso == 80


def test_a_lens_without_a_name_is_its_range() -> None:
    assert of_exif(camera={42034: (5, [24, 70, 2.8, 2.8])}).lens == "24-70mm f/2.8"
    assert of_exif(camera={42034: (5, [18, 55, 3.5, 5.6])}).lens == "18-55mm f/3.5-5.6"
    assert of_exif({50736: (5, [50, 50, 1.8, 1.8])}).lens == "50mm f/1.8"
    assert of_exif(camera={42034: (5, [0, 0, 0, 0])}).lens is None
    named: dict[int, Value] = {42034: (5, [24, 70, 2.8, 2.8]), 42036: "A lens"}
    assert of_exif(camera=named).lens == "A lens"


def test_places_of_other_things_are_not_the_picture_s() -> None:
    shown = (
        "<x1:LocationShown xmlns:x1='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'><rdf:Bag>"
        "<rdf:li rdf:parseType='Resource'><exif:GPSLatitude>39,6.9N</exif:GPSLatitude>"
        "<exif:GPSLongitude>7,3E</exif:GPSLongitude><dc:title>Other</dc:title></rdf:li>"
        "</rdf:Bag></x1:LocationShown>"
    )
    found = of_xmp(shown + "<dc:title>Mine</dc:title>")
    assert (found.latitude, found.title) == (None, "Mine")


def test_a_lens_without_a_name_is_told_by_its_range() -> None:
    said = of_xmp("", ' aux:LensInfo="24/1 70/1 28/10 28/10"')
    assert said.lens == "24-70mm f/2.8"
    listed = "".join(f"<rdf:li>{text}</rdf:li>" for text in ("18/1", "55/1", "35/10", "56/10"))
    space = ' xmlns:exifEX="http://cipa.jp/exif/1.0/"'
    element = (
        f"<exifEX:LensSpecification{space}><rdf:Seq>{listed}</rdf:Seq></exifEX:LensSpecification>"
    )
    assert of_xmp(element).lens == "18-55mm f/3.5-5.6"
    named = of_xmp("", ' aux:LensInfo="24/1 70/1 28/10 28/10" aux:Lens="A lens"')
    assert named.lens == "A lens"
    for nothing in ("0/0 0/0 0/0 0/0", "24/1 70/1", "none of it all"):
        assert of_xmp("", f' aux:LensInfo="{nothing}"').lens is None
