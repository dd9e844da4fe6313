"""Files of one shot, by their names alone: a RAW and its JPEG, a still and its film."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from utils.imaging.formats import Format

Kind = Literal["raw", "film", "rendered"]

_KINDS: dict[str, Kind] = {
    ext: "raw" for known in Format if known.is_raw for ext in known.extensions
}
_KINDS |= dict.fromkeys(("mov", "mp4", "mp"), "film")
_KINDS |= dict.fromkeys(("jpg", "jpeg", "heic", "heif", "hif"), "rendered")  # cameras' own
_MOTION = b".mp"  # `PXL_1.MP.jpg` is the still of `PXL_1.MP`
_MOST = 8


def kind_of(name: str) -> Kind | None:
    """Of a name in a folder; it is asked of each in the library."""
    return _KINDS.get(name.rpartition(".")[2].lower())


def stem_of(name: bytes) -> bytes:
    """What files of one shot have in common, in one folder."""
    stem = name.rpartition(b".")[0]
    return stem[: -len(_MOTION)] if stem[-len(_MOTION) :].lower() == _MOTION else stem


def companions_of(name: bytes, of_its_stem: Iterable[bytes]) -> tuple[bytes, ...]:
    """Sorted. A film has none, and of two files of one kind neither is the other's."""
    own = _kind(name)
    if own is None or own == "film":
        return ()
    others = sorted(one for one in of_its_stem if _kind(one) not in (None, own))
    return tuple(others[:_MOST])


def _kind(name: bytes) -> Kind | None:
    return kind_of(name.decode("utf-8", "replace"))
