"""XMP, embedded or beside the file: what of it says something of the photograph."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from utils.metadata.capture_time import Times, parsed_moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords, many_lines, number, one_line, positive, rating

MAX_XMP_BYTES = 4 * 1024 * 1024
_MAX_ELEMENTS = 100_000
_MAX_DEPTH = 100
_MAX_VALUES = 1000
_CHUNK_CHARACTERS = 64 * 1024

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_HISTORY = "{http://ns.adobe.com/xap/1.0/mm/}"  # also holds whole records of other pictures
_NAMES = {
    "http://purl.org/dc/elements/1.1/": ("dc", "title description subject"),
    "http://ns.adobe.com/lightroom/1.0/": ("lr", "hierarchicalSubject"),
    "http://ns.adobe.com/xap/1.0/": ("xmp", "Rating CreateDate CreatorTool"),
    "http://ns.adobe.com/photoshop/1.0/": ("photoshop", "DateCreated SidecarForExtension"),
    "http://ns.adobe.com/tiff/1.0/": ("tiff", "Make Model Orientation"),
    "http://ns.adobe.com/exif/1.0/aux/": ("aux", "Lens"),
    "http://cipa.jp/exif/1.0/": ("exifEX", "LensModel PhotographicSensitivity"),
    "http://ns.adobe.com/exif/1.0/": (
        "exif",
        "DateTimeOriginal GPSTimeStamp GPSLatitude GPSLongitude GPSAltitude GPSAltitudeRef"
        " FocalLength FNumber ExposureTime ISOSpeedRatings Fired",
    ),
}
_WANTED = {
    f"{{{uri}}}{name}": f"{prefix}:{name}"
    for uri, (prefix, names) in _NAMES.items()
    for name in names.split()
}
_ORIENTATIONS = frozenset(range(1, 9))
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DEGREES = re.compile(r"([\d.]+)(?:,([\d.]+))?(?:,([\d.]+))?([NSEW])", re.ASCII)


@dataclass(frozen=True, slots=True)
class XmpSidecar:
    """`for_extension`: of the file that it belongs to, in lower case; empty: of any.

    `orientation`: 1 to 8, of the picture as it is stored; None: it says none.
    """

    metadata: Metadata
    times: Times
    for_extension: str
    orientation: int | None


def read_xmp(data: bytes) -> tuple[Metadata, Times]:
    """What can be read before the XML breaks or grows beyond its bounds; never raises."""
    found = _Properties(_values(data))
    return _metadata(found), found.times()


def read_xmp_sidecar(data: bytes) -> XmpSidecar:
    """As `read_xmp`, of XMP that is a file."""
    found = _Properties(_values(data))
    named = found.first("photoshop:SidecarForExtension") or ""
    turn = found.number("tiff:Orientation")
    return XmpSidecar(
        _metadata(found),
        found.times(),
        named.strip().lower().removeprefix("."),
        None if turn not in _ORIENTATIONS else int(turn),
    )


def _metadata(found: _Properties) -> Metadata:
    latitude, longitude = found.degrees("exif:GPSLatitude"), found.degrees("exif:GPSLongitude")
    placed = latitude is not None and longitude is not None
    iso = found.number("exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings")
    iso = positive(iso, most=2**31 - 1)
    fired = found.first("exif:Fired")
    return Metadata(
        camera_make=one_line(found.first("tiff:Make")),
        camera_model=one_line(found.first("tiff:Model")),
        lens=one_line(found.first("exifEX:LensModel", "aux:Lens")),
        focal_length_mm=positive(found.number("exif:FocalLength"), most=100_000),
        aperture_f=positive(found.number("exif:FNumber"), most=1000),
        exposure_s=positive(found.number("exif:ExposureTime"), most=10_000_000),
        iso=None if iso is None else round(iso) or None,
        flash_fired=None if fired is None else fired.strip().lower() == "true",
        latitude=latitude if placed else None,
        longitude=longitude if placed else None,
        altitude_m=found.altitude() if placed else None,
        rating=rating(found.number("xmp:Rating")),
        title=one_line(found.first("dc:title")),
        description=many_lines(found.first("dc:description")),
        keywords=keywords(found.all("dc:subject"), found.all("lr:hierarchicalSubject")),
        software=one_line(found.first("xmp:CreatorTool")),
    )


def _values(data: bytes) -> dict[str, list[str]]:
    reader = _Reader()
    parser = XMLParser(target=reader, forbid_dtd=True)
    text = _text(data[:MAX_XMP_BYTES])
    try:
        for start in range(0, len(text), _CHUNK_CHARACTERS):  # in pieces: the bounds end it early
            parser.feed(text[start : start + _CHUNK_CHARACTERS])
        parser.close()
    except (ParseError, DefusedXmlException, ValueError):
        pass
    return reader.values


def _text(data: bytes) -> str:
    """From the first to the last bracket; what XML forbids becomes a space."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif data[:2] in (b"<\0", b"\0<"):
        text = data.decode("utf-16-le" if data[:1] == b"<" else "utf-16-be", "replace")
    else:
        text = data.decode("utf-8", "replace")
    return _NO_XML.sub(" ", text[max(text.find("<"), 0) : text.rfind(">") + 1])


class _Reader:
    """Takes the parser's events. Collects wanted values; keeps no tree."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = defaultdict(list)
        self._open: list[str] = []
        self._text: list[str] = []
        self._is_default = False
        self._elements = 0
        self._skipped_below: int | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._open.append(tag)
        if self._elements > _MAX_ELEMENTS or len(self._open) > _MAX_DEPTH:
            raise ValueError("this XMP is too large to be meant")
        if self._skipped_below is None and tag.startswith(_HISTORY):
            self._skipped_below = len(self._open)
        self._text.clear()
        self._is_default = attributes.get(_LANGUAGE) == "x-default"
        for name, value in attributes.items():
            self._add(name, value)

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        text = "".join(self._text)
        self._text.clear()
        if tag == _RDF + "li" or tag == _RDF + "value":
            owner = next((name for name in reversed(self._open) if name in _WANTED), "")
            self._add(owner, text, first=self._is_default)
        else:
            self._add(tag, text)
        if self._skipped_below == len(self._open):
            self._skipped_below = None
        self._open.pop()

    def _add(self, name: str, value: str, *, first: bool = False) -> None:
        wanted = _WANTED.get(name)
        if wanted is None or self._skipped_below is not None or not value.strip():
            return
        values = self.values[wanted]
        if len(values) < _MAX_VALUES:
            values.insert(0 if first else len(values), value)


class _Properties:
    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def first(self, *names: str) -> str | None:
        return next((value for name in names for value in self.all(name)), None)

    def number(self, *names: str) -> float | None:
        return number(self.first(*names))

    def degrees(self, name: str) -> float | None:
        """Of "39,6.9N" or "39,6,54N": exact to the second of arc or better."""
        found = _DEGREES.fullmatch((self.first(name) or "").strip()[:64])
        if found is None:
            return None
        parts = [number(part or "0") for part in found.groups()[:3]]
        if None in parts:
            return None
        value: float = sum((part or 0.0) / float(60**power) for power, part in enumerate(parts))
        if value > (90 if found[4] in "NS" else 180) or name.endswith("Latitude") != (
            found[4] in "NS"
        ):
            return None
        return -value if found[4] in "SW" else value

    def altitude(self) -> float | None:
        height = self.number("exif:GPSAltitude")
        below = (self.first("exif:GPSAltitudeRef") or "").strip() == "1"
        return None if height is None else -height if below else height

    def times(self) -> Times:
        found = [
            (TakenAtSource.XMP, parsed_moment(text))
            for name in ("photoshop:DateCreated", "exif:DateTimeOriginal", "xmp:CreateDate")
            for text in self.all(name)[:1]
        ]
        satellites = self.first("exif:GPSTimeStamp")
        if satellites is not None:
            found.append((TakenAtSource.GPS, parsed_moment(satellites, offset="Z")))
        return tuple((source, when) for source, when in found if when is not None)
