"""Reads fields alone, as they stand in EXIF or XMP."""

from __future__ import annotations

from tests.metadata_files import Value, exif
from tests.picture_files import xmp_with
from utils.metadata.exif import exif_directories, read_exif
from utils.metadata.photo_metadata import Metadata
from utils.metadata.xmp import read_xmp


def of_exif(
    main: dict[int, Value] | None = None,
    camera: dict[int, Value] | None = None,
    gps: dict[int, Value] | None = None,
) -> Metadata:
    return read_exif(exif_directories(exif(main, camera, gps)))[0]


def of_xmp(elements: str, attributes: str = "") -> Metadata:
    return read_xmp(xmp_with(elements, attributes))[0]
