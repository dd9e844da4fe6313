"""An examination as JSON and as text: fit to be shown to strangers, unless values are asked for."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata

from ingestion_orchestration_fastapi_app.doctor.examination import Examination
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from utils.imaging.formats import Format, extension
from utils.metadata.photo_metadata import Metadata

_PACKAGES = (
    "photoseek", "pillow", "pillow-heif", "imagecodecs", "tifffile", "rawpy",
)  # fmt: skip
_LIBRARIES = {
    Format.JPEG: "Pillow (libjpeg-turbo)",
    Format.PNG: "Pillow",
    Format.WEBP: "Pillow (libwebp)",
    Format.TIFF: "Pillow (libtiff) where both agree, else tifffile and imagecodecs",
    Format.GIF: "Pillow",
    Format.BMP: "our own reader",
    Format.PPM: "Pillow",
    Format.HEIC: "pillow-heif (libheif)",
    Format.AVIF: "Pillow (libavif)",
    Format.JXL: "libjxl",
    Format.JPEG_2000: "Pillow (OpenJPEG)",
}
_RAW_LIBRARY = "LibRaw (rawpy)"
# What tells of people and places: that it is there is told, and how much of it.
_PRIVATE = frozenset({"title", "description", "keywords", "latitude", "longitude", "altitude_m"})
_NOT_OF_SOURCES = frozenset({"taken_at_offset_min", "sidecar_turn"})


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": platform.system().lower()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def library_of(known: Format) -> str | None:
    return _RAW_LIBRARY if known.is_raw else _LIBRARIES.get(known)


def report(found: Examination, *, paths: bool, values: bool) -> dict[str, object]:
    """`paths`: with the absolute path. `values`: with texts and places as they are."""
    name = found.path.rpartition(b"/")[2]
    known, explained = found.format, found.metadata
    return {
        "file": display_text(found.path if paths else name),
        "outcome": found.outcome,
        "code": found.fault.code.value if found.fault else None,
        "detail": found.fault.detail if found.fault else found.skipped,
        "bytes": found.size_bytes,
        "format": known.value if known else None,
        "named_as": _other_name(name, known),
        "library": library_of(known) if known else None,
        "pixel_source": found.pixel_source,
        "width_px": found.width_px,
        "height_px": found.height_px,
        "partial": found.partial,
        "orientation": explained.orientation if explained else None,
        "sidecar_turn": explained.chosen.sidecar_turn if explained else None,
        "sidecars": list(map(display_text, found.sidecars)),
        "companions": list(map(display_text, found.companions)),
        "metadata": list(_fields(found, values=values)),
        "notes": found.notes,
        "ms": found.ms,
    }


def text(said: dict[str, object]) -> str:
    """For people: one line a fact, unknown ones left out."""
    lines = [f"{said['file']}: {_headline(said)}"]
    lines += _told(said, "bytes", "format", "named_as", "library", "pixel_source")
    if said["width_px"] is not None:
        lines.append(f"  size: {said['width_px']} x {said['height_px']} pixels, as shown")
    if said["partial"]:
        lines.append("  partial: rows at the bottom could not be read")
    lines += _told(said, "orientation", "sidecar_turn")
    for key in ("sidecars", "companions", "notes"):
        listed = said[key]
        assert isinstance(listed, list)
        lines += [f"  {key.removesuffix('s')}: {one}" for one in listed]
    fields, ms = said["metadata"], said["ms"]
    assert isinstance(fields, list)
    assert isinstance(ms, dict)
    lines += [f"  {one['field']}: {one['value']}  [{', '.join(one['sources'])}]" for one in fields]
    lines.append("  " + ", ".join(f"{step} {took} ms" for step, took in ms.items()))
    return "\n".join(lines)


def _other_name(name: bytes, known: Format | None) -> str | None:
    """The file's extension, where it is not one of the format's."""
    ext = extension(name)
    return ext if ext and (known is None or ext not in known.extensions) else None


def _told(said: dict[str, object], *keys: str) -> list[str]:
    return [f"  {key.replace('_', ' ')}: {said[key]}" for key in keys if said[key] is not None]


def _headline(said: dict[str, object]) -> str:
    if said["outcome"] == "failed":
        return f"failed, {said['code']}: {said['detail']}"
    return "read" if said["outcome"] == "read" else f"skipped: {said['detail']}"


def _fields(found: Examination, *, values: bool) -> Iterator[dict[str, object]]:
    """Each value that counts, with every source that says the same."""
    if found.metadata is None:
        return
    chosen = found.metadata.chosen
    for field, value in asdict(chosen).items():
        if value in (None, ()) or field in _NOT_OF_SOURCES or field == "taken_at_source":
            continue
        shown = str(value) if field == "taken_at" else value
        if field in _PRIVATE and not values:
            shown = _amount(value)
        yield {"field": field, "value": shown, "sources": _sources(found, field, chosen)}


def _sources(found: Examination, field: str, chosen: Metadata) -> list[str]:
    assert found.metadata is not None
    if field == "taken_at":
        return [chosen.taken_at_source.value] if chosen.taken_at_source else []
    if field == "keywords":
        return [name for name, said in found.metadata.sources if said.keywords]
    value = getattr(chosen, field)
    same = [name for name, said in found.metadata.sources if getattr(said, field) == value]
    return list(dict.fromkeys(same)) or ["file"]


def _amount(value: object) -> str:
    if isinstance(value, str):
        return f"({len(value)} characters)"
    return f"({len(value)})" if isinstance(value, tuple) else "(there)"
