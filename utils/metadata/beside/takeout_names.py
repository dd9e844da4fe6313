"""Which of Google Takeout's JSON files is a photograph's: their names are cut and numbered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from utils.imaging.formats import IMAGE_EXTENSIONS

_JSON = ".json"
_TAIL = ".supplemental-metadata"  # Google's own since 2024, cut off anywhere
_MAX_CHARACTERS = 46  # of a name, before `.json`
_NUMBERED = re.compile(r"(.*)(\(\d{1,5}\))", re.ASCII | re.DOTALL)
_VIDEO_EXTENSIONS = frozenset({"mp4", "mov", "mp", "m4v", "3gp", "avi", "mkv"})
# What Google Photos adds to the name of an edited copy, in the languages of its users.
_EDITED = tuple(
    unicodedata.normalize("NFC", "-" + word)
    for word in (
        "edited", "bearbeitet", "modifié", "modifie", "editado", "editada", "modificato", "bewerkt",
        "edytowane", "redigerad", "redigeret", "redigert", "muokattu", "upraveno", "editat",
        "edytowany", "изменено", "编辑", "編集済み", "已編輯", "수정됨", "düzenlendi",
    )
)  # fmt: skip
_RENDERED_AS = ("HEIC", "heic", "JPG", "jpg", "JPEG", "jpeg", "PNG", "png", "DNG", "dng", "WEBP")

Key = tuple[str, str]  # a name before `.json` in NFC, and its number "(1)" or nothing


def json_key(name: str) -> Key | None:
    """Under which a JSON file is looked for; None where Google names none so."""
    if name[-len(_JSON) :].lower() != _JSON:
        return None
    stem = unicodedata.normalize("NFC", name[: -len(_JSON)])
    found = _NUMBERED.fullmatch(stem)
    titled, number = (found[1], found[2]) if found else (stem, "")
    if _is_titled(titled):
        return titled, number
    if _is_titled(stem):
        return stem, ""
    return None


def json_of(name: str, found: Mapping[Key, bytes]) -> bytes | None:
    """The JSON file of a photograph, among those of its folder."""
    if not found:
        return None
    keys = _keys(unicodedata.normalize("NFC", name))
    return next((found[key] for key in keys if key in found), None)


def _is_titled(stem: str) -> bool:
    """After a photograph: with its extension, or cut where Google cuts."""
    base, _, last = stem.rpartition(".")
    if last.lower() in IMAGE_EXTENSIONS | _VIDEO_EXTENSIONS:
        return bool(base)
    if base and _TAIL.startswith("." + last):
        return _is_titled(base) or len(stem) >= _MAX_CHARACTERS - len("(99)")
    return _MAX_CHARACTERS - len("(99)") <= len(stem) <= _MAX_CHARACTERS + 1


def _keys(name: str) -> Iterator[Key]:
    """The likeliest first."""
    for title, number in _titles(name):
        for length in range(len(_TAIL), -1, -1):
            yield title + _TAIL[:length], number
        if len(title) > _MAX_CHARACTERS - len(number):
            yield title[:_MAX_CHARACTERS], number
            yield title[: _MAX_CHARACTERS - len(number)], number


def _titles(name: str) -> Iterator[Key]:
    yield from _numbered(name)
    stem, dot, extension = name.rpartition(".")
    copy = _NUMBERED.fullmatch(stem)
    edited, number = (copy[1], copy[2]) if copy else (stem, "")
    for word in _EDITED:
        if edited.endswith(word) and edited != word:
            original = edited[: -len(word)] + number
            for other in (extension, *_RENDERED_AS):
                yield from _numbered(original + dot + other)


def _numbered(name: str) -> Iterator[Key]:
    """`a(1).jpg` is a photograph of this name, or the second `a.jpg`."""
    yield name, ""
    stem, dot, extension = name.rpartition(".")
    found = _NUMBERED.fullmatch(stem)
    if found is not None and found[1]:
        yield found[1] + dot + extension, found[2]
