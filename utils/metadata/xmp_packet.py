"""Reads a packet of XMP into the values of the properties that are wanted; keeps no tree."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from utils.text.old_encodings import mended_utf8

MAX_XMP_BYTES = 4 * 1024 * 1024
_MAX_ELEMENTS = 100_000
_MAX_DEPTH = 100
_MAX_VALUES = 1000
_CHUNK_CHARACTERS = 64 * 1024
_LONG_CHARACTERS = 64 * 1024

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMES = {
    "http://purl.org/dc/elements/1.1/": ("dc", "title description subject"),
    "http://ns.adobe.com/lightroom/1.0/": ("lr", "hierarchicalSubject weightedFlatSubject"),
    "http://ns.adobe.com/xap/1.0/": ("xmp", "Rating CreateDate ModifyDate CreatorTool"),
    "http://ns.adobe.com/photoshop/1.0/": ("photoshop", "DateCreated Headline SidecarForExtension"),
    "http://ns.adobe.com/tiff/1.0/": (
        "tiff",
        "Make Model Orientation DateTime ImageDescription Software",
    ),
    "http://ns.adobe.com/exif/1.0/aux/": ("aux", "Lens LensInfo"),
    "http://cipa.jp/exif/1.0/": ("exifEX", "LensModel LensSpecification PhotographicSensitivity"),
    "http://ns.microsoft.com/photo/1.0/": ("MicrosoftPhoto", "Rating LastKeywordXMP"),
    "http://www.digikam.org/ns/1.0/": ("digiKam", "TagsList"),
    "http://ns.acdsee.com/iptc/1.0/": ("acdsee", "rating caption notes keywords"),
    "http://ns.iview-multimedia.com/mediapro/1.0/": ("mediapro", "CatalogSets"),
    "http://ns.adobe.com/pdf/1.3/": ("pdf", "Keywords"),
    "http://ns.adobe.com/exif/1.0/": (
        "exif",
        "DateTimeOriginal DateTimeDigitized GPSTimeStamp GPSDateTime GPSLatitude GPSLongitude"
        " GPSLatitudeRef GPSLongitudeRef GPSAltitude GPSAltitudeRef FocalLength FNumber"
        " ExposureTime ApertureValue ShutterSpeedValue ISOSpeedRatings Fired UserComment",
    ),
}
_WANTED = {
    f"{{{spelt}}}{name}": f"{prefix}:{name}"
    for uri, (prefix, names) in _NAMES.items()
    for name in names.split()
    for spelt in (uri, uri.rstrip("/"))  # some leave the last slash out
}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"<\?xml\b[^<>]*\?>\s*")
_PACKET = re.compile(r"<[?!/A-Za-z]")
# Depth maps and pictures within: no value that is read is as long.
_LONG_VALUES = re.compile(r"(?<=[\">])[^<>\"]{65536,}(?=[\"<])")
# Some programs use prefixes that they do not declare. What a packet declares itself counts.
_ROOT = "<photoseek {}>".format(
    " ".join(f'xmlns:{prefix}="{uri}"' for uri, (prefix, _) in _NAMES.items())
    + ' xmlns:xap="http://ns.adobe.com/xap/1.0/" xmlns:x="adobe:ns:meta/"'
    + f' xmlns:rdf="{_RDF[1:-1]}"'
)
_STRUCTURES = frozenset(("{http://ns.adobe.com/exif/1.0/}Flash",))  # whose fields are read


def values_of(data: bytes) -> dict[str, list[str]]:
    """By the property's usual name, as far as it can be read; never raises."""
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
    """Under a root of ours, from the first to the last bracket; what XML forbids is a space."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        text = data.decode("utf-32", "replace")
    elif data[:4] in (b"<\0\0\0", b"\0\0\0<"):
        text = data.decode("utf-32-le" if data[:1] == b"<" else "utf-32-be", "replace")
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif data[:2] in (b"<\0", b"\0<"):
        text = data.decode("utf-16-le" if data[:1] == b"<" else "utf-16-be", "replace")
    else:
        text = mended_utf8(data)
    start = _PACKET.search(text)
    text = _NO_XML.sub(" ", text[start.start() if start else 0 : text.rfind(">") + 1])
    text = _DECLARATION.sub("", text)
    return _ROOT + (_LONG_VALUES.sub("", text) if len(text) > _LONG_CHARACTERS else text)


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
        if self._skipped_below is None and self._is_foreign(tag):
            self._skipped_below = len(self._open)
        self._text.clear()
        self._is_default = attributes.get(_LANGUAGE) == "x-default"
        for name, value in attributes.items():
            self._add(name, value)

    def _is_foreign(self, tag: str) -> bool:
        """A property that is not read: what stands below it is of other pictures, or of places."""
        is_property = len(self._open) > 1 and self._open[-2] == _RDF + "Description"
        return is_property and not (tag in _WANTED or tag in _STRUCTURES or tag.startswith(_RDF))

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
