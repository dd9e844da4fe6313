"""A text is read in whatever encoding and field its writer put it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.metadata.fields import of_exif, of_xmp
from tests.metadata_files import Value, iim
from tests.picture_files import xmp_with
from utils.metadata.iptc import read_iptc
from utils.metadata.xmp import read_xmp
from utils.text.old_encodings import decoded_text

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


def test_iptc_whose_words_of_32_bits_are_turned_is_read() -> None:
    block = iim((5, b"Title"))
    block += bytes(-len(block) % 4)
    turned = b"".join(block[at : at + 4][::-1] for at in range(0, len(block), 4))
    assert read_iptc(turned)[0].title == "Title"


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
