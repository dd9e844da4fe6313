"""Under which name an uploaded file is kept: what its client calls it, as any disk can hold it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MAX_NAME_BYTES = 200  # of the 255 that file systems take: a number or a hash may come behind it
_MAX_EXTENSION_BYTES = 16
_REFUSED_CHARACTERS = frozenset('<>:"|?*')  # by Windows and by its file systems
# They turn the order of what stands behind them: `gnp.exe` is shown as `exe.png`.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
_LAST_NUMBER = 10


def stored_name(sent: str, *, otherwise: str) -> str:
    """One name without a path, in NFC, visible, and at most MAX_NAME_BYTES long as UTF-8.

    `otherwise` is the name where nothing of the client's is left.
    """
    last = sent.replace("\\", "/").rpartition("/")[2]
    shown = unicodedata.normalize("NFC", "".join(map(_character, last)))
    # A dot before hides a file, dots and blanks behind are lost on Windows.
    name = shown.strip(" .") or otherwise
    if name.partition(".")[0].rstrip().casefold() in _DEVICES:
        name = f"_{name}"
    return _shortened(name)


def free_names(name: str, sha256: bytes) -> Iterator[str]:
    """Names to try in turn where others are taken: the name, numbered ones, and two that only a
    file of the same content can have.
    """
    stem, extension = _parted(name)
    yield name
    for number in range(2, _LAST_NUMBER + 1):
        yield f"{stem} ({number}){extension}"
    yield f"{stem} ({sha256.hex()[:16]}){extension}"
    yield f"{sha256.hex()}{extension}"


def _character(one: str) -> str:
    if one in _REFUSED_CHARACTERS:
        return "_"
    if one in _BIDI_CONTROLS or unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp"):
        return ""
    return one


def _parted(name: str) -> tuple[str, str]:
    """What stands before the last dot, and the rest with it; a long one is no extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _MAX_EXTENSION_BYTES:
        return name, ""
    return stem, dot + extension


def _shortened(name: str) -> str:
    stem, extension = _parted(name)
    room_bytes = MAX_NAME_BYTES - len(extension.encode())
    cut = stem.encode()[:room_bytes].decode(errors="ignore").rstrip(" .")
    return cut + extension
