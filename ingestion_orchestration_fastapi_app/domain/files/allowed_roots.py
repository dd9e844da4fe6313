"""Which folders may be imported and shown, by what is set, remembered and never allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within

_SYSTEM = (b"/proc", b"/sys", b"/dev")
_MEMORY = b"/dev/shm"  # the one place in these for files: a folder in it can be named


class RootSource(StrEnum):
    """Who allowed a root."""

    SETTING = "setting"  # INGEST_ROOTS
    DEFAULT = "default"  # where that is not set
    REMEMBERED = "remembered"  # named by a user
    INBOX = "inbox"  # where uploads are kept


@dataclass(frozen=True, slots=True)
class AllowedRoot:
    path: bytes
    source: RootSource


@dataclass(frozen=True)
class AllowedFolders:
    """All paths are absolute and without links.

    `configured` is a bound where a user set it: nothing outside is allowed, whatever is
    remembered. It alone can name a folder in /dev/shm. `own` are the folders that Photoseek
    itself writes to; the `inbox`, which may lie in one of them, is allowed all the same.
    """

    configured: tuple[bytes, ...]
    is_bound: bool
    remembered: tuple[bytes, ...]
    own: tuple[bytes, ...]
    inbox: bytes | None = None

    @cached_property
    def roots(self) -> tuple[AllowedRoot, ...]:
        """In force now, each once."""
        source = RootSource.SETTING if self.is_bound else RootSource.DEFAULT
        named = [AllowedRoot(path, source) for path in self.configured if not self._is_system(path)]
        kept = [path for path in self.remembered if self.refusal(path) is None]
        found = named + [AllowedRoot(path, RootSource.REMEMBERED) for path in kept]
        if self.inbox is not None and not self._is_system(self.inbox):
            found.append(AllowedRoot(self.inbox, RootSource.INBOX))
        return tuple({root.path: root for root in reversed(found)}.values())[::-1]

    def allows(self, path: bytes) -> bool:
        if self._is_system(path):
            return False
        if self.inbox is not None and is_within(path, self.inbox):
            return True
        if any(is_within(path, folder) for folder in self.own):
            return False
        return any(is_within(path, root.path) for root in self.roots)

    def refusal(self, path: bytes) -> str | None:
        """Why the folder cannot become a root, for people; None: it can."""
        shown = display_text(path)
        if self._is_system(path):
            if _is_in_memory(path):
                return f"{shown} is a root only where INGEST_ROOTS names it."
            return f"{shown} is never a root: it holds the system, no photographs."
        for own in self.own:
            if is_within(path, own) or is_within(own, path):
                return (
                    f"{shown} is never a root: Photoseek keeps its own data in "
                    f"{display_text(own)}. Name folders beside it."
                )
        if self.is_bound and not any(is_within(path, bound) for bound in self.configured):
            bounds = ", ".join(map(display_text, self.configured)) or "nothing"
            return f"{shown} lies outside INGEST_ROOTS ({bounds}), which bounds what can be added."
        return None

    def shown(self, roots: Iterable[Root]) -> tuple[bytes, ...] | None:
        """The parts of a collection's roots that may be shown; None: all of it."""
        parts: list[bytes] = []
        is_whole = True
        for root in roots:
            if self.allows(root.path):
                parts.append(root.path)
                continue
            is_whole = False
            inner = [one.path for one in self.roots if is_within(one.path, root.path)]
            parts += [path for path in inner if self.allows(path)]
        return None if is_whole else tuple(parts)

    def _is_system(self, path: bytes) -> bool:
        if self.is_bound and _is_in_memory(path):
            named = filter(_is_in_memory, self.configured)
            return not any(is_within(path, folder) for folder in named)
        return path == b"/" or any(is_within(path, folder) for folder in _SYSTEM)


def _is_in_memory(path: bytes) -> bool:
    return path != _MEMORY and is_within(path, _MEMORY)
