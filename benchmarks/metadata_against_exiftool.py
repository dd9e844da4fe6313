"""Compares what is read of files with what exiftool reads.

`python -m benchmarks.metadata_against_exiftool DIR...`. Exiftool is only the reference: nothing in
Photoseek calls it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from utils.imaging.formats import extension, sniff
from utils.metadata.capture_time import parsed_moment
from utils.metadata.exif import NO_DESCRIPTIONS
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import many_lines, one_line
from utils.text.folded import folded

# What exiftool calls a field, its most trusted name first; `#` asks for the bare number.
NAMES = {
    "taken at": "DateTimeOriginal CreateDate DateCreated DigitalCreationDate GPSDateTime"
    " ModifyDate CreationTime",
    "make": "Make",
    "model": "Model",
    "lens": "LensModel LensID Lens LensType LensSpec LensInfo",
    "focal length": "FocalLength#",
    "aperture": "FNumber# ApertureValue#",
    "exposure": "ExposureTime# ShutterSpeedValue#",
    "ISO": "ISO#",
    "place": "GPSLatitude#",
    "rating": "Rating# RatingPercent#",
    "title": "Title ObjectName Headline XPTitle",
    "description": "Description ImageDescription Caption-Abstract XPComment UserComment",
    "keywords": "Keywords Subject XPKeywords HierarchicalSubject",
}
_STARS_OF_PERCENT = {1: 1, 25: 2, 50: 3, 75: 4, 99: 5, 100: 5}
_FILES_A_CALL = 200


@dataclass(slots=True)
class Row:
    """How many files agree in a field, and the others with both values."""

    equal: int = 0
    more: int = 0  # ours alone has a value
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def compare(files: Sequence[Path]) -> dict[str, Row]:
    rows = {name: Row() for name in NAMES}
    for path, theirs in _exiftool(files):
        data = path.read_bytes()
        known = sniff(data, hint=extension(os.fsencode(path)))
        if known is None:
            continue
        ours = extract_metadata(data, known, mtime_ns=path.stat().st_mtime_ns)
        for name, row in rows.items():
            values = [value for tag in _tags(name) for value in theirs.get(tag, []) if _says(value)]
            mine, agrees = _FIELDS[name](ours)
            shown = f"{path}: {mine!r} for {values!r}"
            if mine in (None, ()):
                if values:
                    row.missing.append(shown)
            elif not values:
                row.more += 1
            elif any(map(agrees, values)):
                row.equal += 1
            else:
                row.different.append(shown)
    return rows


def _says(value: object) -> bool:
    """Neither blank nor what a camera fills in where a person's words belong."""
    text = str(value).strip()
    return text != "" and text.lower() not in NO_DESCRIPTIONS


def _tags(name: str) -> list[str]:
    return [tag.rstrip("#") for tag in NAMES[name].split()]


def _exiftool(files: Sequence[Path]) -> Iterator[tuple[Path, dict[str, list[object]]]]:
    """Each file with the values of each tag, whatever group they are of."""
    asked = [f"-{tag}" for names in NAMES.values() for tag in names.split()]
    for start in range(0, len(files), _FILES_A_CALL):
        part = files[start : start + _FILES_A_CALL]
        command = ["exiftool", "-j", "-a", "-G1", "-q", "-q", *asked, "--", *map(str, part)]
        said = subprocess.run(command, capture_output=True, check=False).stdout
        for entry in json.loads(said or b"[]"):
            found: dict[str, list[object]] = defaultdict(list)
            for key, value in entry.items():
                group, _, tag = key.rpartition(":")
                if group not in ("System", "File"):
                    found[tag].append(value)
            yield Path(entry["SourceFile"]), found


Compared = tuple[object, Callable[[object], bool]]


def _text(ours: str | None, clean: Callable[[str | None], str | None] = one_line) -> Compared:
    def agrees(value: object) -> bool:
        theirs = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return folded(one_line(clean(theirs)) or "") == folded(one_line(ours) or "")

    return ours, agrees


def _number(ours: float | None, *, within: float = 0.01) -> Compared:
    def agrees(value: object) -> bool:
        try:
            theirs = float(str(value).split()[0])
        except ValueError:
            return False
        return ours is not None and abs(theirs - ours) <= within * max(abs(theirs), 1e-9)

    return ours, agrees


def _taken_at(ours: Metadata) -> Compared:
    guessed = ours.taken_at_source in (None, TakenAtSource.FILE_MTIME)

    def agrees(value: object) -> bool:
        moment = parsed_moment(str(value))
        at = ours.taken_at
        if moment is None or at is None:
            return False
        both = moment.at.replace(microsecond=0), at.replace(microsecond=0)
        return both[0] == both[1] or (
            both[0].time().isoformat() == "00:00:00" and both[0].date() == both[1].date()
        )

    return None if guessed else ours.taken_at, agrees


def _place(ours: Metadata) -> Compared:
    def agrees(value: object) -> bool:
        return ours.latitude is not None and abs(float(str(value)) - ours.latitude) < 1e-4

    return ours.latitude, agrees


def _rating(ours: Metadata) -> Compared:
    def agrees(value: object) -> bool:
        stars = float(str(value))
        return ours.rating in (round(stars), _STARS_OF_PERCENT.get(round(stars)))

    return ours.rating, agrees


def _keywords(ours: Metadata) -> Compared:
    mine = {folded(word) for word in ours.keywords}

    def agrees(value: object) -> bool:
        words = value if isinstance(value, list) else str(value).split(";")
        return all(folded(one_line(str(word)) or "") in mine | {""} for word in words)

    return ours.keywords, agrees


_FIELDS: dict[str, Callable[[Metadata], Compared]] = {
    "taken at": _taken_at,
    "make": lambda ours: _text(ours.camera_make),
    "model": lambda ours: _text(ours.camera_model),
    "lens": lambda ours: _text(ours.lens),
    "focal length": lambda ours: _number(ours.focal_length_mm),
    "aperture": lambda ours: _number(ours.aperture_f, within=0.02),
    "exposure": lambda ours: _number(ours.exposure_s, within=0.02),
    "ISO": lambda ours: _number(ours.iso),
    "place": _place,
    "rating": _rating,
    "title": lambda ours: _text(ours.title),
    "description": lambda ours: _text(ours.description, many_lines),
    "keywords": _keywords,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metadata_against_exiftool")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--names", action="store_true", help="name the files that differ")
    asked = parser.parse_args()
    files = sorted(file for folder in asked.folders for file in folder.rglob("*") if file.is_file())
    rows = compare(files)
    sys.stdout.write(
        "| field | equal | missing | different | only ours |\n|---|---:|---:|---:|---:|\n"
    )
    for name, row in rows.items():
        counts = (row.equal, len(row.missing), len(row.different), row.more)
        sys.stdout.write(f"| {name} | {' | '.join(map(str, counts))} |\n")
    if asked.names:
        for name, row in rows.items():
            for kind, shown in (("missing", row.missing), ("different", row.different)):
                sys.stdout.writelines(f"{name} {kind}: {line}\n" for line in shown)


if __name__ == "__main__":
    main()
