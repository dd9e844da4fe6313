"""Names what files are read with: verdicts on files count for the readers that gave them."""

from __future__ import annotations

import hashlib
from importlib import metadata

from utils.imaging.formats import Format

_READERS = 5  # raise it whenever a file might be read that was skipped or refused
_DECODERS = ("imagecodecs", "pillow", "pillow-heif", "rawpy", "tifffile")


def reader_version() -> str:
    """Another one where a format is known that was not, or a decoder is another release."""
    releases = [f"{name} {_release(name)}" for name in _DECODERS]
    said = "\n".join([str(_READERS), *sorted(Format), *releases])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _release(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
