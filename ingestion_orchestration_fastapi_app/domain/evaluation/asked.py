"""What an evaluation asks: texts, and the images that each of them should find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.search.templates import is_short

MAX_TEXTS = 1_000_000
MAX_TEXT_CHARACTERS = 2000
MAX_LANGUAGES = 64  # each has figures of its own


class CaptionsUnreadableError(ValueError):
    """The file is of no known kind, or a line of it is not as the others; says where."""


@dataclass(frozen=True, slots=True)
class AskedText:
    """`images` are all that fit, as the file names them: paths below the folder of images, or file
    names. `language` is what the file says.
    """

    text: str
    images: frozenset[str]
    language: str | None = None

    @property
    def is_short(self) -> bool:
        return is_short(self.text)


def checked(texts: Iterable[AskedText]) -> tuple[AskedText, ...]:
    """Raises CaptionsUnreadableError for none, too many, or one that no search takes."""
    found: list[AskedText] = []
    languages: set[str | None] = set()
    for one in texts:
        languages.add(one.language)
        if len(languages) > MAX_LANGUAGES:
            raise CaptionsUnreadableError(
                f"its captions are of more than {MAX_LANGUAGES} languages: is that column another?"
            )
        if not one.text.strip():
            raise CaptionsUnreadableError(f"a caption of {_named(one)} is blank")
        if len(one.text) > MAX_TEXT_CHARACTERS:
            raise CaptionsUnreadableError(
                f"a caption of {_named(one)} is longer than {MAX_TEXT_CHARACTERS} characters"
            )
        if len(found) == MAX_TEXTS:
            raise CaptionsUnreadableError(f"there are more than {MAX_TEXTS} captions")
        found.append(one)
    if not found:
        raise CaptionsUnreadableError("there is no caption in it")
    return tuple(found)


def _named(one: AskedText) -> str:
    return repr(min(one.images, default=""))
