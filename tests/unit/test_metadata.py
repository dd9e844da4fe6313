"""Metadata is what can be read of it; nothing in it fails a file."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from tests.picture_files import dng, encoded, scene, xmp, xmp_with
from utils.imaging.formats import Format, sniff
from utils.imaging.pillow_setup import ready_pillow
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata, TakenAtSource

NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a camera's clock has no zone
ORIGINAL, CREATED, GPS, EXIF = 36867, 36868, 34853, 34665


def photo_exif(
    *,
    dates: dict[int, str] | None = None,
    refs: tuple[str, str] = ("S", "W"),
    degrees: tuple[float, float, float] = (33, 30, 36),
) -> bytes:
    exif = Image.Exif()
    exif[271], exif[272] = "Maker Corp.  ", "Model 5\0"
    exif.get_ifd(EXIF).update({ORIGINAL: "2021:03:04 12:00:05"} if dates is None else dates)
    exif.get_ifd(GPS).update({1: refs[0], 2: degrees, 3: refs[1], 4: degrees})
    return exif.tobytes()


def read(exif: bytes, name: str = "JPEG") -> Metadata:
    ready_pillow()
    data = encoded(scene(32, 24), name, exif=exif)
    known = sniff(data)
    assert known is not None
    return extract_metadata(data, known)


def iptc_segment(block: bytes) -> bytes:
    """Of a JPEG."""
    resources = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(block).to_bytes(4) + block
    return b"\xff\xed" + (len(resources) + 2).to_bytes(2) + resources


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "JXL"])
def test_time_camera_and_place_are_read_from_every_format(name: str) -> None:
    metadata = read(photo_exif(), name)
    assert metadata.taken_at == NOON
    assert (metadata.camera_make, metadata.camera_model) == ("Maker Corp.", "Model 5")
    assert metadata.latitude == pytest.approx(-33.51)
    assert metadata.longitude == pytest.approx(-33.51)


def test_a_raw_is_read_by_its_structure() -> None:
    metadata = extract_metadata(dng(scene(64, 48), taken_at=NOON), Format.DNG)
    assert metadata.taken_at == NOON
    assert metadata.camera_make


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "JXL"])
def test_xmp_is_read_from_every_format(name: str) -> None:
    packet = xmp(title="Été", rating=4, keywords=["rome"])
    ready_pillow()
    options: dict[str, object] = {"xmp": packet}
    if name == "PNG":
        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)  # type: ignore[attr-defined]
    if name == "TIFF":
        options = {"tiffinfo": {700: packet}}
    data = encoded(scene(32, 24), name, **options)
    known = sniff(data)
    assert known is not None
    metadata = extract_metadata(data, known)
    assert (metadata.title, metadata.rating, metadata.keywords) == ("Été", 4, ("rome",))


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_iptc_is_read_where_photographers_keep_it(name: str) -> None:
    block = b"\x1c\x02\x19\x00\x05Frost\x1c\x02\x05\x00\x05Title"
    if name == "JPEG":
        plain = encoded(scene(32, 24))
        data = plain[:2] + iptc_segment(block) + plain[2:]
    else:
        data = encoded(scene(32, 24), "TIFF", tiffinfo={33723: block})
    metadata = extract_metadata(data, Format(name.lower()))
    assert (metadata.title, metadata.keywords) == ("Title", ("Frost",))


def test_what_the_camera_did_is_read() -> None:
    exif = Image.Exif()
    exif[305], exif[18246] = "Firmware 1.2", 5
    exif[270], exif[40091] = "  A tree\r\nin snow  ", "Tree".encode("utf-16-le")
    exif.get_ifd(EXIF).update(
        {33434: 1 / 250, 33437: 2.8, 34855: 400, 37385: 0x19, 37386: 18.5, 42036: "50mm f/1.8"}
    )
    metadata = read(exif.tobytes())
    assert metadata.exposure_s == pytest.approx(0.004)
    assert metadata.aperture_f == pytest.approx(2.8)
    assert (metadata.iso, metadata.flash_fired, metadata.focal_length_mm) == (400, True, 18.5)
    assert (metadata.lens, metadata.software, metadata.rating) == ("50mm f/1.8", "Firmware 1.2", 5)
    assert (metadata.title, metadata.description) == ("Tree", "A tree\nin snow")


def test_numbers_that_cannot_be_are_absent() -> None:
    exif = Image.Exif()
    exif[18246] = 99
    zero = IFDRational(0, 0)
    exif.get_ifd(EXIF).update({33434: zero, 33437: zero, 34855: 0, 37386: zero})
    metadata = read(exif.tobytes())
    assert (metadata.exposure_s, metadata.aperture_f, metadata.iso) == (None, None, None)
    assert (metadata.focal_length_mm, metadata.rating) == (None, None)


def test_what_cameras_write_for_a_description_is_none() -> None:
    exif = Image.Exif()
    exif[270] = "OLYMPUS DIGITAL CAMERA         "
    assert read(exif.tobytes()).description is None


def test_a_time_comes_with_its_zone_and_its_part_of_a_second() -> None:
    stamped = {ORIGINAL: "2021:03:04 12:00:05", 36881: "-02:30", 37521: "25"}
    metadata = read(photo_exif(dates=stamped))
    assert metadata.taken_at == NOON.replace(microsecond=250_000)
    assert metadata.taken_at_offset_min == -150
    assert read(photo_exif()).taken_at_offset_min is None


def test_each_source_of_the_time_steps_in_for_the_one_before() -> None:
    exif = Image.Exif()
    exif[306] = "2027:01:01 00:00:00"
    stamps = exif.get_ifd(EXIF)
    stamps.update({ORIGINAL: "2021:01:01 00:00:00", CREATED: "2022:01:01 00:00:00"})
    place = exif.get_ifd(GPS)
    place.update({29: "2025:01:01", 7: (1.0, 2.0, 3.0)})
    packet = xmp_with("", ' photoshop:DateCreated="2023-01-01T00:00:00"')
    iptc = iptc_segment(b"\x1c\x02\x37\x00\x0820240101")
    years: list[tuple[int, TakenAtSource]] = []
    nothing, the_packet, the_iptc, the_json, the_name, the_folder = 0, -1, -2, -3, -4, -5
    json, folder, name = (
        b'{"photoTakenTime":{"timestamp":"1767225600"}}',
        "2019-01-01",
        "2018-01-01.jpg",
    )
    embedded = (nothing, ORIGINAL, CREATED, the_packet, the_iptc, 29)
    for gone in (*embedded, the_json, 306, the_name, the_folder):
        stamps.pop(gone, None)
        place.pop(gone, None)
        if gone == 306:
            del exif[306]
        packet = b"" if gone == the_packet else packet
        iptc = b"" if gone == the_iptc else iptc
        json = b"" if gone == the_json else json
        name = "a.jpg" if gone == the_name else name
        folder = "" if gone == the_folder else folder
        plain = encoded(scene(32, 24), exif=exif.tobytes(), xmp=packet)
        data = plain[:2] + iptc + plain[2:]
        path, mtime_ns = f"{folder}/{name}", 1_830_297_600_000_000_000
        found = extract_metadata(data, Format.JPEG, sidecars=[json], path=path, mtime_ns=mtime_ns)
        assert found.taken_at is not None
        assert found.taken_at_source is not None
        years.append((found.taken_at.year, found.taken_at_source))
    of_jpeg = [source for source in TakenAtSource if source is not TakenAtSource.PNG]
    assert years == list(zip([*range(2021, 2028), 2018, 2019, 2028], of_jpeg, strict=True))


def test_a_png_says_when_it_was_made_where_nothing_else_does() -> None:
    info = PngInfo()
    info.add_text("Creation Time", "Thu, 4 Jul 2019 15:30:12 +0200")
    made = datetime(2019, 7, 4, 15, 30, 12)  # noqa: DTZ001
    found = extract_metadata(encoded(scene(32, 24), "PNG", pnginfo=info), Format.PNG, mtime_ns=1)
    assert (found.taken_at, found.taken_at_offset_min) == (made, 120)
    assert found.taken_at_source is TakenAtSource.PNG
    exif = Image.Exif()
    exif[306] = "2018:01:01 00:00:00"
    both = encoded(scene(32, 24), "PNG", pnginfo=info, exif=exif.tobytes())
    assert extract_metadata(both, Format.PNG).taken_at_source is TakenAtSource.MODIFY_DATE


def test_a_sidecar_that_names_another_extension_is_another_files() -> None:
    data = encoded(scene(32, 24))
    beside = xmp_with("", ' photoshop:SidecarForExtension="NEF" xmp:Rating="5"')
    assert extract_metadata(data, Format.JPEG, sidecars=[beside], path="a.jpg").rating is None
    for own in ("a.nef", "a.NEF"):
        assert extract_metadata(data, Format.JPEG, sidecars=[beside], path=own).rating == 5


def test_a_sidecar_wins_where_people_write_and_exif_where_cameras_do() -> None:
    embedded = xmp(title="Embedded", rating=1, keywords=["old"])
    data = encoded(scene(32, 24), exif=photo_exif(), xmp=embedded)
    beside = xmp_with(
        "<dc:title>Beside</dc:title><dc:subject><rdf:Bag><rdf:li>new</rdf:li></rdf:Bag>"
        "</dc:subject><photoshop:DateCreated>1999-01-01</photoshop:DateCreated>",
        ' xmp:Rating="5" tiff:Make="Another" aux:Lens="50mm"',
    )
    found = extract_metadata(data, Format.JPEG, sidecars=[beside])
    assert (found.title, found.rating, found.keywords) == ("Beside", 5, ("new",))
    assert (found.camera_make, found.lens, found.taken_at) == ("Maker Corp.", "50mm", NOON)
    silent = extract_metadata(data, Format.JPEG, sidecars=[b"", xmp_with("")])
    assert (silent.title, silent.rating, silent.keywords) == ("Embedded", 1, ("old",))


def test_the_original_time_comes_before_that_of_creation() -> None:
    both = {CREATED: "2022:01:01 00:00:00", ORIGINAL: "2021:03:04 12:00:05"}
    assert read(photo_exif(dates=both)).taken_at == NOON
    assert read(photo_exif(dates={CREATED: "2021:03:04 12:00:05"})).taken_at == NOON
    invalid = {ORIGINAL: "0000:00:00 00:00:00", CREATED: "2021:03:04 12:00:05"}
    assert read(photo_exif(dates=invalid)).taken_at == NOON


@pytest.mark.parametrize(
    "text", ["", "    :  :     :  :  ", "2021:02:30 10:00:00", "2021:13:01 10:00:00", "yesterday"]
)
def test_an_invalid_date_is_no_date(text: str) -> None:
    assert read(photo_exif(dates={ORIGINAL: text})).taken_at is None


@pytest.mark.parametrize(
    ("refs", "sign"), [(("N", "E"), (1, 1)), (("S", "E"), (-1, 1)), (("N", "W"), (1, -1))]
)
def test_each_hemisphere_has_its_sign(refs: tuple[str, str], sign: tuple[int, int]) -> None:
    metadata = read(photo_exif(refs=refs))
    assert metadata.latitude == pytest.approx(33.51 * sign[0])
    assert metadata.longitude == pytest.approx(33.51 * sign[1])


def test_height_is_below_the_sea_where_it_says_so() -> None:
    for ref, sign in ((b"\0", 1), (b"\1", -1)):
        exif = Image.Exif()
        exif.get_ifd(GPS).update({1: "N", 2: (1, 2, 3), 3: "E", 4: (4, 5, 6), 5: ref, 6: 12.5})
        assert read(exif.tobytes()).altitude_m == 12.5 * sign


def test_a_receiver_without_a_fix_is_nowhere() -> None:
    assert read(photo_exif(degrees=(0, 0, 0))).latitude is None


def test_a_place_that_cannot_be_is_no_place() -> None:
    assert read(photo_exif(degrees=(95, 0, 0))).latitude is None
    assert read(photo_exif(refs=("", "E"))).longitude is None


def test_a_picture_without_metadata_says_nothing() -> None:
    assert extract_metadata(encoded(scene(32, 24)), Format.JPEG) == Metadata()
    assert extract_metadata(b"", Format.HEIC) == Metadata()


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12),
    keep=st.floats(0, 1),
)
def test_damaged_metadata_never_fails_the_file(
    changes: list[tuple[float, int]], keep: float
) -> None:
    exif = bytearray(photo_exif())
    exif = exif[: int(len(exif) * keep)]
    for place, value in changes:
        if exif:
            exif[int(place * len(exif))] = value
    data = b"\xff\xd8\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + bytes(exif)
    metadata = extract_metadata(data, Format.JPEG)
    assert metadata.latitude is None or -90 <= metadata.latitude <= 90
    assert (metadata.latitude is None) == (metadata.longitude is None)


@given(st.binary(max_size=300), st.sampled_from(list(Format)))
def test_any_bytes_are_read_without_an_error(data: bytes, known: Format) -> None:
    assert isinstance(extract_metadata(data, known), Metadata)
    assert isinstance(extract_metadata(b"II*\0\x08\0\0\0" + data, known), Metadata)
