"""What is put into XMP sidecars, and what of others stays whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ingestion_orchestration_fastapi_app.adapters.local_files.writing.sidecar_edit import edited
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.xmp_tree import (
    MAX_EDITED_BYTES,
    XmpRefusedError,
    XmpTree,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import values_for
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    NOTHING,
    SidecarValues,
)
from utils.metadata.photo_metadata import Metadata
from utils.metadata.xmp import read_xmp

SAID = SidecarValues(
    rating=4, label="Red", is_picked=True, tags=("print", "Places|Rome"), keywords=("dog",)
)
LIGHTROOM = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
   xmp:Rating="2" xmp:Label="Blue" crs:Exposure2012="+0.35" crs:HasSettings="True">
   <dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>Print</rdf:li></rdf:Bag></dc:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>Animals|cat</rdf:li></rdf:Bag>
   </lr:hierarchicalSubject>
   <crs:ToneCurvePV2012><rdf:Seq><rdf:li>0, 0</rdf:li></rdf:Seq></crs:ToneCurvePV2012>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
DIGIKAM = b"""<?xml version="1.0" encoding="UTF-8"?>
<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
  xmlns:xmp="http://ns.adobe.com/xap/1.0/" digiKam:PickLabel="0" digiKam:ColorLabel="0">
  <xmp:Rating>0</xmp:Rating>
  <digiKam:TagsList><rdf:Seq><rdf:li>People/Anna</rdf:li></rdf:Seq></digiKam:TagsList>
 </rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:darktable="http://darktable.sf.net/" xmp:Rating="1" darktable:xmp_version="5">
   <darktable:history><rdf:Seq><rdf:li darktable:num="0" darktable:params="gz02eJx"/></rdf:Seq>
   </darktable:history>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
OTHERS = {"lightroom": LIGHTROOM, "digikam": DIGIKAM, "darktable": DARKTABLE}
OURS = ("Rating", "Label", "PickLabel", "subject", "hierarchicalSubject", "TagsList")


def left(data: bytes) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """All that is in it but what Photoseek writes: tags, texts and attributes."""
    found = []
    root = etree.fromstring(data)
    for element in root.iter(etree.Element):
        above = [element, *element.iterancestors()]
        if any(str(one.tag).endswith(OURS) for one in above):
            continue
        attributes = tuple(
            sorted((k, v) for k, v in element.attrib.items() if not k.endswith(OURS))
        )
        text = (element.text or "").strip()
        if attributes != (("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about", ""),) or text:
            found.append((str(element.tag), text, attributes))
    return found


def test_a_new_sidecar_says_what_was_said_and_what_the_file_says() -> None:
    made = edited(None, SAID, NOTHING)
    assert made.data is not None
    assert made.put == SAID
    metadata, _ = read_xmp(made.data)
    assert metadata.rating == 4
    assert metadata.keywords == ("dog", "print", "Rome", "Places|Rome", "Places")
    assert b'xmp:Label="Red"' in made.data
    assert b'digiKam:PickLabel="3"' in made.data
    assert b"<rdf:li>Places/Rome</rdf:li>" in made.data


def test_where_nothing_is_said_nothing_is_written() -> None:
    assert edited(None, replace(NOTHING, keywords=("dog",)), NOTHING).data is None
    assert edited(LIGHTROOM, NOTHING, NOTHING).data is None


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_what_others_keep_stays_whole_and_what_was_put_goes_again(data: bytes) -> None:
    there = edited(data, SAID, NOTHING)
    assert there.data is not None
    assert left(there.data) == left(data)
    metadata, _ = read_xmp(there.data)
    before, _ = read_xmp(data)
    assert metadata.rating == 4
    assert {"print", "Rome"} <= set(map(str.lower, metadata.keywords)) | set(metadata.keywords)
    assert set(before.keywords) <= set(metadata.keywords)
    assert edited(there.data, SAID, there.put).data is None, "it is all there"
    gone = edited(there.data, NOTHING, there.put)
    assert gone.data is not None
    assert left(gone.data) == left(data)
    after, _ = read_xmp(gone.data)
    assert after.keywords == before.keywords
    assert after.rating is None
    assert gone.put == NOTHING


def test_a_label_and_words_of_others_stay() -> None:
    wanted = replace(SAID, description="a dog")
    made = edited(LIGHTROOM, wanted, NOTHING)
    assert made.data is not None
    assert b'xmp:Label="Blue"' in made.data
    assert (made.put.label, made.put.is_picked) == (None, True)
    assert made.put.description == "a dog"
    by_others = made.data.replace(b"a dog", b"our dog")
    again = edited(by_others, NOTHING, made.put)
    assert again.data is not None
    assert read_xmp(again.data)[0].description == "our dog"


def test_a_tag_that_others_had_written_stays_when_it_is_taken_back() -> None:
    made = edited(LIGHTROOM, SAID, NOTHING)
    assert made.data is not None
    assert made.put.tags == ("Places|Rome",), "Print was there"
    gone = edited(made.data, NOTHING, made.put)
    assert gone.data is not None
    assert XmpTree(gone.data).items("dc:subject") == ["cat", "Print"]


def test_what_is_no_xmp_that_can_be_kept_whole_is_refused() -> None:
    entities = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'
    )
    external = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    for data in (
        entities,
        external,
        entities.decode().encode("utf-16"),
        b"",
        b"\0\0\0",
        b"{}",
        b"<html/>",
        LIGHTROOM[:300],
        b"<a/>" * 10,
        b"<x>" + b"<a/>" * 300_000 + b"</x>",
        b"<x>" * 5000,
        b" " * (MAX_EDITED_BYTES + 1),
    ):
        with pytest.raises(XmpRefusedError):
            edited(data, SAID, NOTHING)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_any_encoding_that_xml_knows_is_read(encoding: str) -> None:
    data = LIGHTROOM.decode().replace("cat", "Ünï").encode(encoding)
    made = edited(data, SAID, NOTHING)
    assert made.data is not None
    assert XmpTree(made.data).items("dc:subject")[0] == "Ünï"
    assert XmpTree(made.data).text("xmp:Rating") == "4"


TAGS = st.lists(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("|/ aA"),
        min_size=1,
        max_size=9,
    ).filter(str.strip),
    max_size=6,
)
VALUES = st.builds(
    SidecarValues,
    rating=st.none() | st.integers(-1, 5),
    label=st.sampled_from([None, "Red", "Green"]),
    is_picked=st.booleans(),
    tags=TAGS.map(lambda tags: tuple(dict.fromkeys(tag.strip() for tag in tags))),
    description=st.none() | st.just("a <dog> & a cat"),
)


@given(st.sampled_from([None, *OTHERS.values()]), st.lists(VALUES, min_size=1, max_size=4))
def test_whatever_is_said_one_after_the_other_others_lose_nothing(
    data: bytes | None, all_said: list[SidecarValues]
) -> None:
    there, put = data, NOTHING
    for said in all_said:
        made = edited(there, said, put)
        there, put = made.data or there, made.put
        if there is None:
            continue
        again = edited(there, said, put)
        assert (again.data, again.put) == (None, put)
        if said.rating is not None:
            assert XmpTree(there).text("xmp:Rating") == str(said.rating)
        for name in ("dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList"):
            kept = XmpTree(there).items(name)
            before = [] if data is None else XmpTree(data).items(name)
            assert set(before) <= set(kept)
    if data is not None and there is not None:
        others = [one for one in left(there) if not one[0].endswith(("description", "Alt", "li"))]
        assert [one for one in left(data) if not one[0].endswith("li")] == others


DOG = Metadata(keywords=("dog",), rating=2)


@pytest.mark.parametrize(
    ("said", "known", "caption", "expected"),
    [
        (NO_ANNOTATION, DOG, None, NOTHING),
        (Annotation(rating=5), DOG, None, SidecarValues(rating=5)),
        (Annotation(favourite=False), DOG, None, NOTHING),
        (Annotation(favourite=True), DOG, None, SidecarValues(label="Green", is_picked=True)),
        (Annotation(tags=("a",)), DOG, None, SidecarValues(tags=("a",), keywords=("dog",))),
        (NO_ANNOTATION, DOG, "a dog", SidecarValues(description="a dog")),
        (NO_ANNOTATION, replace(DOG, description="Rex"), "a dog", NOTHING),
        (
            NO_ANNOTATION,
            replace(DOG, description="a dog"),
            "a dog",
            SidecarValues(description="a dog"),
        ),
    ],
)
def test_what_a_sidecar_is_to_say_is_what_people_say(
    said: Annotation, known: Metadata, caption: str | None, expected: SidecarValues
) -> None:
    assert values_for(said, known, label="Green", caption=caption) == expected
