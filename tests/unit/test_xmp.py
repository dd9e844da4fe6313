"""XMP is read as far as it makes sense, from any writer, inside its bounds."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.picture_files import xmp, xmp_with
from utils.metadata.capture_time import Moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import MAX_KEYWORDS
from utils.metadata.xmp import read_xmp
from utils.metadata.xmp_packet import MAX_XMP_BYTES

LONGEST_S = 5.0  # of the processor, for hostile files
NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a wall clock


def said(elements: str, attributes: str = "") -> Metadata:
    return read_xmp(xmp_with(elements, attributes))[0]


def test_properties_are_read_as_elements_and_as_attributes() -> None:
    attributes = said("", ' xmp:Rating="4" tiff:Make="Maker" tiff:Model="M 5" aux:Lens="50mm"')
    elements = said(
        "<xmp:Rating>4</xmp:Rating><tiff:Make>Maker</tiff:Make><tiff:Model>M 5</tiff:Model>"
        "<aux:Lens>50mm</aux:Lens>"
    )
    assert attributes == elements
    assert (attributes.rating, attributes.camera_make, attributes.lens) == (4, "Maker", "50mm")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_xmp_is_read(encoding: str) -> None:
    packet = xmp(title="Été à Rome 自転車", keywords=["Café"]).decode().replace("\ufeff", "")
    metadata, _ = read_xmp(packet.encode(encoding) + b"\0\0")
    assert metadata.title == "Été à Rome 自転車"
    assert metadata.keywords == ("Café",)


def test_the_default_language_comes_first() -> None:
    lines = (
        '<rdf:li xml:lang="de">Titel</rdf:li>',
        '<rdf:li xml:lang="x-default">Title</rdf:li>',
        '<rdf:li xml:lang="fr">Titre</rdf:li>',
    )
    assert said(f"<dc:title><rdf:Alt>{''.join(lines)}</rdf:Alt></dc:title>").title == "Title"


def test_a_hierarchy_can_be_asked_for_by_each_of_its_levels() -> None:
    found = said(
        "<dc:subject><rdf:Bag><rdf:li>rome</rdf:li></rdf:Bag></dc:subject>"
        "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Italy|Rome</rdf:li></rdf:Bag>"
        "</lr:hierarchicalSubject>"
    )
    assert found.keywords == ("rome", "Places|Italy|Rome", "Places", "Italy")


@pytest.mark.parametrize(
    ("text", "rating"),
    [("-1", -1), ("0", 0), ("5", 5), ("3.0", 3), ("6", None), ("99", None), ("nan", None),
     ("inf", None), ("many", None), ("1e999", None), ("1/0", None)],
)  # fmt: skip
def test_a_rating_is_rejected_to_five_stars_or_none(text: str, rating: int | None) -> None:
    assert said(f"<xmp:Rating>{text}</xmp:Rating>").rating == rating


def test_what_the_camera_did_is_read() -> None:
    found = said(
        '<exif:Flash exif:Fired="True" exif:Mode="1"/>'
        "<exif:ISOSpeedRatings><rdf:Seq><rdf:li>400</rdf:li></rdf:Seq></exif:ISOSpeedRatings>",
        ' exif:FNumber="28/10" exif:ExposureTime="1/250" exif:FocalLength="18.5"'
        ' exif:GPSLatitude="39,6.9S" exif:GPSLongitude="108,24,3.486E" exif:GPSAltitude="100/8"'
        ' exif:GPSAltitudeRef="1"',
    )
    assert found.flash_fired is True
    assert (found.iso, found.aperture_f, found.exposure_s) == (400, 2.8, 0.004)
    assert found.focal_length_mm == 18.5
    assert found.latitude == pytest.approx(-39.115)
    assert found.longitude == pytest.approx(108.400968, abs=1e-6)
    assert found.altitude_m == -12.5
    nested = "<exif:Flash><rdf:Description><exif:Fired>False</exif:Fired></rdf:Description>"
    assert said(f"{nested}</exif:Flash>").flash_fired is False


@pytest.mark.parametrize("latitude", ["95,0N", "39,6.9", "39,6.9E", "north", "1,2,3,4N", "..N"])
def test_a_place_that_cannot_be_is_no_place(latitude: str) -> None:
    attributes = f' exif:GPSLatitude="{latitude}" exif:GPSLongitude="7,30E" exif:GPSAltitude="9"'
    found = said("", attributes)
    assert (found.latitude, found.longitude, found.altitude_m) == (None, None, None)


def test_declarations_without_an_end_cost_no_time() -> None:
    began_s = time.process_time()
    assert read_xmp(b"<?xml " * 600_000 + b">") == (Metadata(), ())
    assert time.process_time() - began_s < LONGEST_S


def test_times_keep_their_zone_and_come_in_the_order_of_trust() -> None:
    _, times = read_xmp(
        xmp_with(
            "",
            ' xmp:CreateDate="2020-01-01" exif:GPSTimeStamp="2021-03-04T10:00:05"'
            ' photoshop:DateCreated="2021-03-04T12:00:05.5+02:00"',
        )
    )
    assert times == (
        (TakenAtSource.XMP, Moment(NOON.replace(microsecond=500_000), 120)),
        (TakenAtSource.XMP, Moment(datetime(2020, 1, 1))),  # noqa: DTZ001
        (TakenAtSource.GPS, Moment(NOON.replace(hour=10), 0)),
    )


def test_the_history_of_other_pictures_is_not_this_ones() -> None:
    other = '<rdf:Description xmp:Rating="1"><dc:title>Other</dc:title></rdf:Description>'
    found = said(
        f"<xmpMM:Pantry><rdf:Bag><rdf:li>{other}</rdf:li></rdf:Bag></xmpMM:Pantry>"
        "<dc:title>Mine</dc:title>"
    )
    assert (found.title, found.rating) == ("Mine", None)


def test_what_stands_before_the_xml_breaks_is_kept() -> None:
    whole = xmp_with("<dc:title>First</dc:title><xmp:Rating>3</xmp:Rating>")
    assert read_xmp(whole[: whole.index(b"<xmp:Rating>3") + 5])[0].title == "First"


def test_entities_and_declarations_end_the_reading() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    packet = xmp_with("<dc:title>&c;</dc:title>").replace(b"<x:xmpmeta", bomb + b"<x:xmpmeta")
    assert read_xmp(packet) == (Metadata(), ())
    outside = b'<!DOCTYPE a [<!ENTITY c SYSTEM "file:///etc/passwd">]>'
    packet = xmp_with("<dc:title>&c;</dc:title>").replace(b"<x:xmpmeta", outside + b"<x:xmpmeta")
    assert read_xmp(packet) == (Metadata(), ())


def test_a_giant_packet_is_read_inside_its_bounds() -> None:
    words = "".join(f"<rdf:li>word {number}</rdf:li>" for number in range(200_000))
    found = said(f"<dc:subject><rdf:Bag>{words}</rdf:Bag></dc:subject>")
    assert len(found.keywords) == MAX_KEYWORDS
    assert len(said(f"<dc:title>{'a' * MAX_XMP_BYTES}</dc:title>").title or "") <= 200
    assert read_xmp(b"<a>" * 100_000) == (Metadata(), ())
    assert read_xmp(b"") == (Metadata(), ())


def test_control_characters_become_spaces() -> None:
    packet = xmp_with(
        "<dc:title>a\x01b</dc:title><dc:description>one&#10;two\u202e</dc:description>"
    )
    found, _ = read_xmp(packet)
    assert (found.title, found.description) == ("a b", "one\ntwo")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_xmp_is_read_without_an_error(data: st.DataObject) -> None:
    packet = bytearray(
        xmp_with(
            "<dc:title><rdf:Alt><rdf:li>T</rdf:li></rdf:Alt></dc:title>",
            ' xmp:Rating="3" exif:GPSLatitude="39,6.9N" exif:GPSLongitude="7,3E"',
        )
    )
    for _ in range(data.draw(st.integers(0, 8))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    found, _ = read_xmp(bytes(packet))
    assert (found.latitude is None) == (found.longitude is None)
    assert found.rating in (None, -1, 0, 1, 2, 3, 4, 5)


@given(st.binary(max_size=400), st.text(max_size=100))
def test_any_bytes_are_no_error(data: bytes, text: str) -> None:
    read_xmp(data)
    read_xmp(b"<?xpacket?><x>" + data)
    read_xmp(f"<x>{text}</x>".encode("utf-8", "surrogatepass"))
