"""What stands in a field means the same however its writer encoded it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metadata_files import Value, exif, iim, jpeg_with_exif, jpeg_with_iptc
from tests.picture_files import xmp_with
from utils.imaging.formats import Format
from utils.metadata.exif import exif_directories, read_exif
from utils.metadata.extractor import extract_metadata
from utils.metadata.iptc import read_iptc
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.place import degrees_of_text
from utils.metadata.png_words import written_date
from utils.metadata.xmp import read_xmp
from utils.text.old_encodings import decoded_text

NEVER = float("nan")  # 0/0: what was never filled in
NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a wall clock


def of_exif(
    main: dict[int, Value] | None = None,
    camera: dict[int, Value] | None = None,
    gps: dict[int, Value] | None = None,
) -> Metadata:
    return read_exif(exif_directories(exif(main, camera, gps)))[0]


def of_xmp(elements: str, attributes: str = "") -> Metadata:
    return read_xmp(xmp_with(elements, attributes))[0]


WORDS = ["München", "Köln", "Café", "Montréal", "São Paulo", "Fête à Genève", "it’s mine", "Straße"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac_roman"])
def test_the_encoding_of_old_text_is_told_by_its_words(word: str, encoding: str) -> None:
    assert decoded_text(word.encode(encoding)) == word


@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decoded_text(data), str)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac_roman"])
def test_iptc_is_read_in_the_encoding_of_its_program(encoding: str) -> None:
    block = iim((5, "Garten".encode(encoding)), (120, "Zürich, März".encode(encoding)))
    declared = iim((90, b"\x1b%G"), record=1) if encoding == "utf-8" else b""
    found, _ = read_iptc(declared + block)
    assert found.description == "Zürich, März"


def test_one_field_of_iptc_proves_the_encoding_of_the_others() -> None:
    """0x92 is an apostrophe in Windows-1252 and an accented i in Mac Roman."""
    mac = iim((120, "Zürich".encode("mac_roman")), (5, "María".encode("mac_roman")))
    assert read_iptc(mac)[0].title == "María"
    windows = iim((120, "Zürich".encode("cp1252")), (5, "Mar’s".encode("cp1252")))
    assert read_iptc(windows)[0].title == "Mar’s"


@pytest.mark.parametrize(
    ("fields", "at", "offset_min"),
    [
        ([(55, "20210304"), (60, "120005+0200")], NOON, 120),
        ([(55, "20210304"), (60, "120005")], NOON, None),
        ([(55, "2021-03-04"), (60, "12:00:05-05:00")], NOON, -300),
        ([(55, "20210304")], NOON.replace(hour=0, second=0), None),
        ([(55, "00000000"), (62, "20210304"), (63, "120005+0000")], NOON, 0),
        ([(55, "20210304"), (60, "nonsense")], NOON.replace(hour=0, second=0), None),
    ],
)
def test_iptc_says_when_a_picture_was_made(
    fields: list[tuple[int, str]], at: datetime, offset_min: int | None
) -> None:
    data = jpeg_with_iptc(iim(*((number, text.encode()) for number, text in fields)))
    found = extract_metadata(data, Format.JPEG, mtime_ns=1)
    assert (found.taken_at, found.taken_at_offset_min) == (at, offset_min)
    assert found.taken_at_source is TakenAtSource.IPTC


@pytest.mark.parametrize("day", ["20210000", "20211345", "2021", "", "yesterday", "99999999"])
def test_a_date_of_iptc_that_cannot_be_is_none(day: str) -> None:
    assert read_iptc(iim((55, day.encode())))[1] == ()


def test_iptc_whose_words_of_32_bits_are_turned_is_read() -> None:
    block = iim((5, b"Title"))
    block += bytes(-len(block) % 4)
    turned = b"".join(block[at : at + 4][::-1] for at in range(0, len(block), 4))
    assert read_iptc(turned)[0].title == "Title"


@pytest.mark.parametrize(
    ("text", "at", "offset_min"),
    [
        ("Thu, 04 Mar 2021 12:00:05 +0200", NOON, 120),
        ("4 Mar 2021 12:00:05 GMT", NOON, 0),
        ("4 Mar 2021 12:00:05", NOON, None),
        ("Thu Mar  4 12:00:05 2021", NOON, None),
        ("Thu Mar  4 12:00:05 CET 2021", NOON, None),
        ("Thu 04 Mar 2021 12:00:05 PM CET", NOON, None),
        ("March 4, 2021 12:00:05", NOON, None),
        ("2021:03:04 12:00:05", NOON, None),
        ("2021-03-04T12:00:05-05:00", NOON, -300),
        ("2021-03-04 12:00:05", NOON, None),
        ("4 Mar 2021", NOON.replace(hour=0, second=0), None),
    ],
)
def test_a_date_in_words_is_read(text: str, at: datetime, offset_min: int | None) -> None:
    found = written_date(text)
    assert found is not None
    assert (found.at, found.offset_min) == (at, offset_min)


@pytest.mark.parametrize("text", ["", "yesterday", "31 Feb 2021", "4/5/2021", "99 Mar 2021", "Mar"])
def test_a_date_in_words_that_is_none_is_none(text: str) -> None:
    assert written_date(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for shown in (text, f"4 Mar 2021 {text}", f"Mar 4 {text} 2021"):
        written_date(shown)


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


@pytest.mark.parametrize(
    ("comment", "description"),
    [
        (b"ASCII\0\0\0A day at sea", "A day at sea"),
        (b"\0\0\0\0\0\0\0\0A day at sea", "A day at sea"),
        (b"UNICODE\0" + "Été à Rome".encode("utf-16-le"), "Été à Rome"),
        (b"UNICODE\0" + "Été à Rome".encode("utf-16-be"), "Été à Rome"),
        (b"JIS\0\0\0\0\0" + "東京 の 夏休み です".encode("iso2022_jp"), "東京 の 夏休み です"),
        (b"ASCII\0\0\0oplus_32", None),
        (b'ASCII\0\0\0{"mirror": false, "sensor_type": "rear"}', None),
        (b"ASCII\0\0\0filter: 0; fileterIntensity: 0.0; filterMask: 0;", None),
        (b"ASCII\0\0\0\x01\x02 \x03ab cd", None),
        (b"ASCII\0\0\0" + b" " * 100, None),
        (b"ASC", None),
    ],
)
def test_a_comment_is_a_description_where_a_person_wrote_it(
    comment: bytes, description: str | None
) -> None:
    assert of_exif(camera={37510: comment}).description == description


def test_windows_writes_titles_comments_and_keywords_in_utf_16() -> None:
    texts = {40091: "Été", 40092: "A comment", 40094: "rome;frost", 40095: "A subject"}
    wide: dict[int, Value] = {
        tag: (1, [float(byte) for byte in text.encode("utf-16-le")]) for tag, text in texts.items()
    }
    found = of_exif(wide)
    assert (found.title, found.description) == ("Été", "A comment")
    assert found.keywords == ("rome", "frost")
    assert of_exif({40095: wide[40095]}).description == "A subject"


def test_the_headline_is_a_title_where_there_is_no_other() -> None:
    assert of_xmp("", ' photoshop:Headline="Sunrise"').title == "Sunrise"
    assert of_xmp("<dc:title>T</dc:title>", ' photoshop:Headline="Sunrise"').title == "T"


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_xmp_of_four_bytes_a_letter_is_read(encoding: str) -> None:
    packet = xmp_with("<dc:title>Été</dc:title>").decode().replace("\ufeff", "")
    assert read_xmp(packet.encode(encoding))[0].title == "Été"


def test_a_byte_that_is_no_utf_8_costs_no_other_letter() -> None:
    packet = xmp_with("<dc:title>Été à ROME</dc:title>").replace(b"ROME", b"caf\xe9")
    assert read_xmp(packet)[0].title == "Été à café"


def test_a_prefix_that_is_not_declared_is_the_usual_one() -> None:
    packet = (
        b"<x:xmpmeta><rdf:RDF><rdf:Description xap:Rating='3'><dc:title>T</dc:title>"
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    found, _ = read_xmp(b"\xef\xbb\xbf<?xml version='1.0'?>" + packet)
    assert (found.title, found.rating) == ("T", 3)


def test_places_of_other_things_are_not_the_picture_s() -> None:
    shown = (
        "<x1:LocationShown xmlns:x1='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'><rdf:Bag>"
        "<rdf:li rdf:parseType='Resource'><exif:GPSLatitude>39,6.9N</exif:GPSLatitude>"
        "<exif:GPSLongitude>7,3E</exif:GPSLongitude><dc:title>Other</dc:title></rdf:li>"
        "</rdf:Bag></x1:LocationShown>"
    )
    found = of_xmp(shown + "<dc:title>Mine</dc:title>")
    assert (found.latitude, found.title) == (None, "Mine")


def test_a_depth_map_within_the_packet_costs_nothing() -> None:
    depth = f"<photoshop:Depth>{'QUJD' * 500_000}</photoshop:Depth>"
    found = of_xmp(depth + "<dc:title>T</dc:title>", f' photoshop:Data="{"QUJD" * 250_000}"')
    assert found.title == "T"


def test_keywords_of_other_programs_are_read() -> None:
    spaces = (
        ' xmlns:digiKam="http://www.digikam.org/ns/1.0/"'
        ' xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"'
    )
    tags = "<digiKam:TagsList><rdf:Seq><rdf:li>Places/Rome</rdf:li></rdf:Seq></digiKam:TagsList>"
    assert of_xmp(tags, spaces).keywords == ("Places|Rome", "Places", "Rome")
    windows = (
        "<MicrosoftPhoto:LastKeywordXMP><rdf:Bag><rdf:li>frost</rdf:li></rdf:Bag>"
        "</MicrosoftPhoto:LastKeywordXMP>"
    )
    assert of_xmp(windows, spaces).keywords == ("frost",)


@pytest.mark.parametrize(
    "text",
    ["2021:03:04 12:00:05", "2021:03:04  12:00:05", "2021-03-04 12:00:05", "2021:03:04 12: 0: 5"],
)
def test_the_last_change_is_a_guess_that_says_so(text: str) -> None:
    found = extract_metadata(jpeg_with_exif(exif({306: text})), Format.JPEG, mtime_ns=1)
    assert (found.taken_at, found.taken_at_source) == (NOON, TakenAtSource.MODIFY_DATE)
    both = exif({306: text}, {36867: "2020:01:01 00:00:00"})
    kept = extract_metadata(jpeg_with_exif(both), Format.JPEG)
    assert kept.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL


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
