"""What a scan passes over: globs, built in and the user's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.scanning import foreign_files
from utils.text.folded import composed, folded

_ANY_FOLDERS = "(?:[^/]+/)*"


class ExcludeRules:
    """Globs in the manner of `.gitignore`, without regard to case and to how letters are composed.

    A pattern is a name, or names in a row with `/` between them, and matches at any depth; one that
    begins with `/` is an absolute path. One that ends with `/` matches only folders. In a name,
    `*` is any text, `?` one character, `[a-z]` one of these and `[!a-z]` one of the others; the
    name `**` is any number of folders, also none.

    The rules say nothing about the folder that a job was asked for, only about what lies in it.
    What lies in an excluded folder is never met.
    """

    def __init__(
        self,
        patterns: Iterable[str] = (),
        *,
        own: Iterable[bytes] = (),
        inbox: bytes | None = None,
    ) -> None:
        """`own` are the folders that Photoseek writes to, absolute and without links. The `inbox`
        may lie in one of them: what was uploaded to it is photographs.

        Raises ValueError, with a text for the user, for a pattern that is none.
        """
        self._own = frozenset(own)
        self._inbox = inbox
        self._passed_over: frozenset[bytes] = frozenset()
        every = [composed(one) for one in (*foreign_files.NAMES, *patterns)]
        self._file = _Globs([one for one in every if not one.endswith("/")])
        self._folder = _Globs([one.removesuffix("/") for one in every])

    def passing_over(self, folders: Iterable[bytes]) -> ExcludeRules:
        """These, and that a scan goes into none of some absolute folders."""
        more = copy(self)
        more._passed_over = frozenset(folders)
        return more

    def excludes_folder(self, path: bytes) -> bool:
        """Whether a scan that comes to this absolute path does not go in."""
        if path in self._own or path in self._passed_over:
            return True
        return self._folder.match(path) or foreign_files.is_library_internal(_text(path))

    def is_own(self, path: bytes) -> bool:
        """Whether Photoseek writes there, as this absolute path or one above it is its own."""
        if self._inbox is not None and is_within(path, self._inbox):
            return False
        return any(is_within(path, folder) for folder in self._own)

    def excludes_file(self, path: bytes) -> bool:
        return self._file.match(path)


class _Globs:
    """Any of some patterns, all composed. Most paths are tried once."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._plain = _either(patterns)
        # Where case is folded to more letters ("ß", "ﬁ"), which a regular expression does not do.
        self._expands = any(map(_is_expanded, patterns))
        self._folded = _either(_foldable(patterns))

    def match(self, path: bytes) -> bool:
        text = composed(_text(path))
        if self._plain.fullmatch(text):
            return True
        if not self._expands and (text.isascii() or not _is_expanded(text)):
            return False
        return self._folded.fullmatch(folded(text)) is not None


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")  # as the environment's text is made


def _is_expanded(text: str) -> bool:
    return len(text.casefold()) != len(text)


def _foldable(patterns: Iterable[str]) -> Iterator[str]:
    """Folded, but for those whose sets (`[Z-a]`) would be none then."""
    for pattern in patterns:
        with suppress(ValueError):
            _regex(folded(pattern).lstrip("/"))
            yield folded(pattern)


def _either(patterns: Iterable[str]) -> re.Pattern[str]:
    anywhere: list[str] = []
    absolute: list[str] = []
    for pattern in patterns:
        (absolute if pattern.startswith("/") else anywhere).append(_regex(pattern.lstrip("/")))
    at_any_depth = f"(?s:.*)/(?:{'|'.join(anywhere)})"
    return re.compile("|".join([at_any_depth, *(f"/{one}" for one in absolute)]), re.IGNORECASE)


def _regex(pattern: str) -> str:
    names = pattern.split("/")
    if pattern.startswith("!"):
        raise ValueError(f"{pattern!r}: `!` takes no exclusion back")
    if "" in names:
        raise ValueError(f"{pattern!r} has an empty name")
    if names[-1] == "**":
        names[-1] = "*"  # all of it below is all that lies in it
    parts = [_ANY_FOLDERS if name == "**" else f"{_name(name)}/" for name in names]
    return "".join(parts).removesuffix("/")


def _name(glob: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(glob):
        end = glob.find("]", at + (3 if glob.startswith("[!", at) else 2))  # "[]]" holds "]"
        if glob[at] == "[" and end > 0:
            parts.append(_set(glob[at + 1 : end]))
            at = end
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(glob[at]) or re.escape(glob[at]))
        at += 1
    return "".join(parts)


def _set(members: str) -> str:
    others = members.startswith("!")
    rest = members[1:] if others else members
    one_of: list[str] = []
    at = 0
    while at < len(rest):
        if rest[at + 1 : at + 2] == "-" and at + 2 < len(rest):
            low, high = rest[at], rest[at + 2]
            if low > high:
                raise ValueError(f"[{members}]: {low!r} comes after {high!r}")
            one_of.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            one_of.append(re.escape(rest[at]))
            at += 1
    return f"[^/{''.join(one_of)}]" if others else f"[{''.join(one_of)}]"
