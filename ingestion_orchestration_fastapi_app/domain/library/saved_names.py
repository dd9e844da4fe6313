"""Names under which originals are saved: nothing in them deceives, opens as a page or leaves."""

from __future__ import annotations

import unicodedata

from utils.imaging.formats import Format, has_image_extension
from utils.text.folded import folded

MAX_NAME = 200
_REFUSED_BY_WINDOWS = '<>:"|?*'


def saved_name(name: str, known: Format) -> str:
    """A name that is no image's gets an extension: saved as `x.html` a picture would open as a
    page.
    """
    text = "".join("_" if _is_unseen(sign) or sign in "/\\" else sign for sign in name)
    if not has_image_extension(text):
        text += f".{known.extensions[0]}"
    if len(text) > MAX_NAME:
        stem, _, tail = text.rpartition(".")
        text = f"{stem[: MAX_NAME - len(tail) - 1]}.{tail}"
    return text


class UniqueNames:
    """Names in one archive: none twice, also where case and forms of letters do not count."""

    def __init__(self, *taken: str) -> None:
        self._taken = {folded(name): 1 for name in taken}

    def unique(self, name: str, known: Format) -> str:
        """The name, or with a number where it is taken."""
        text = "".join("_" if sign in _REFUSED_BY_WINDOWS else sign for sign in name)
        text = saved_name(text.strip().lstrip(". ") or "_", known)
        stem, _, tail = text.rpartition(".")
        wanted, number = text, self._taken.get(folded(text), 0)
        while folded(wanted) in self._taken:
            number += 1
            wanted = f"{stem} ({number}).{tail}"
        self._taken[folded(text)] = max(number, 1)
        self._taken.setdefault(folded(wanted), 1)
        return wanted


def _is_unseen(sign: str) -> bool:
    """Controls, marks of direction, halves of surrogates: what a name can deceive by."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
