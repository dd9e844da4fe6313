"""XMP, embedded or beside the file: what of it says something of the photograph."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain

from utils.metadata.capture_time import Times, parsed_moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.place import degrees_of_text
from utils.metadata.text import (
    exposure_of_apex,
    f_number_of_apex,
    keywords,
    lens_range,
    many_lines,
    number,
    one_line,
    positive,
    rating,
    stars_of_percent,
)
from utils.metadata.xmp_packet import values_of

_ORIENTATIONS = frozenset(range(1, 9))
_TIMES = (
    (
        TakenAtSource.XMP,
        ("photoshop:DateCreated", "exif:DateTimeOriginal", "xmp:CreateDate",
         "exif:DateTimeDigitized"),
    ),
    (TakenAtSource.MODIFY_DATE, ("xmp:ModifyDate", "tiff:DateTime")),
)  # fmt: skip


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
    found = _Properties(values_of(data))
    return _metadata(found), found.times()


def read_xmp_sidecar(data: bytes) -> XmpSidecar:
    """As `read_xmp`, of XMP that is a file."""
    found = _Properties(values_of(data))
    named = found.first("photoshop:SidecarForExtension") or ""
    turn = found.number("tiff:Orientation")
    return XmpSidecar(
        _metadata(found),
        found.times(),
        named.strip().lower().removeprefix("."),
        None if turn not in _ORIENTATIONS else int(turn),
    )


def _metadata(found: _Properties) -> Metadata:
    latitude = found.degrees("exif:GPSLatitude", is_latitude=True)
    longitude = found.degrees("exif:GPSLongitude", is_latitude=False)
    placed = latitude is not None and longitude is not None and bool(latitude or longitude)
    iso = found.number("exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings")
    iso = positive(iso, most=2**31 - 1)
    fired = found.first("exif:Fired")
    stars = rating(found.number("xmp:Rating", "acdsee:rating"))
    return Metadata(
        camera_make=one_line(found.first("tiff:Make")),
        camera_model=one_line(found.first("tiff:Model")),
        lens=one_line(found.first("exifEX:LensModel", "aux:Lens")) or found.lens_range(),
        focal_length_mm=positive(found.number("exif:FocalLength"), most=100_000),
        aperture_f=positive(found.number("exif:FNumber"), most=1000)
        or f_number_of_apex(found.number("exif:ApertureValue")),
        exposure_s=positive(found.number("exif:ExposureTime"), most=10_000_000)
        or exposure_of_apex(found.number("exif:ShutterSpeedValue")),
        iso=None if iso is None else round(iso) or None,
        flash_fired=None if fired is None else fired.strip().lower() == "true",
        latitude=latitude if placed else None,
        longitude=longitude if placed else None,
        altitude_m=found.altitude() if placed else None,
        rating=stars
        if stars is not None
        else stars_of_percent(found.number("MicrosoftPhoto:Rating")),
        title=one_line(found.first("dc:title", "photoshop:Headline", "acdsee:caption")),
        description=many_lines(
            found.first(
                "dc:description", "tiff:ImageDescription", "acdsee:notes", "exif:UserComment"
            )
        ),
        keywords=found.keywords(),
        software=one_line(found.first("xmp:CreatorTool", "tiff:Software")),
    )


class _Properties:
    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def lens_range(self) -> str | None:
        """Focal lengths and f-numbers, where the lens has no name: a list, or in one text."""
        said = self.all("exifEX:LensSpecification") or (self.first("aux:LensInfo") or "").split()
        numbers = [value or 0.0 for value in map(number, said)]
        return lens_range(*numbers) if len(numbers) == 4 else None

    def first(self, *names: str) -> str | None:
        return next((value for name in names for value in self.all(name)), None)

    def number(self, *names: str) -> float | None:
        return next(
            (value for name in names if (value := number(self.first(name))) is not None), None
        )

    def keywords(self) -> tuple[str, ...]:
        windows = (text.split(";") for text in self.all("MicrosoftPhoto:LastKeywordXMP"))
        documents = (re.split("[,;]", text) for text in self.all("pdf:Keywords"))
        flat = [
            *(self.all("dc:subject") or chain.from_iterable(windows)),
            *self.all("lr:weightedFlatSubject"),
            *self.all("acdsee:keywords"),
            *chain.from_iterable(documents),
        ]
        paths = [
            *self.all("lr:hierarchicalSubject"),
            *(path.replace("/", "|") for path in self.all("digiKam:TagsList")),
            *self.all("mediapro:CatalogSets"),
        ]
        return keywords(flat, paths)

    def degrees(self, name: str, *, is_latitude: bool) -> float | None:
        text = self.first(name)
        if text is None:
            return None
        return degrees_of_text(text, is_latitude=is_latitude, ref=self.first(f"{name}Ref") or "")

    def altitude(self) -> float | None:
        height = self.number("exif:GPSAltitude")
        below = (self.first("exif:GPSAltitudeRef") or "").strip() == "1"
        return None if height is None else -height if below else height

    def times(self) -> Times:
        found = [
            (source, parsed_moment(text))
            for source, names in _TIMES
            for name in names
            for text in self.all(name)[:1]
        ]
        satellites = self.first("exif:GPSTimeStamp", "exif:GPSDateTime")
        if satellites is not None:
            found.append((TakenAtSource.GPS, parsed_moment(satellites, offset="Z")))
        return tuple((source, when) for source, when in found if when is not None)
