"""Conditions on where pictures lie. Most are on folders, which are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import (
    Sql,
    all_of,
    any_of,
)
from ingestion_orchestration_fastapi_app.domain.files.deletion import relative_range
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from utils.text.folded import folded

_OF_FOLDERS = "c.folder_id IN (SELECT id FROM catalogue_folders WHERE collection_id = ? AND ({}))"


def shown_folded(path: bytes) -> str:
    return folded(display_text(path))


@dataclass(frozen=True, slots=True)
class Places:
    """Of one collection. Texts are folded, paths absolute, as they are shown."""

    collection_id: int
    roots: Sequence[Root]

    def within(self, folders: Sequence[bytes]) -> Sql:
        parts: list[Sql] = []
        for root in self.roots:
            for folder in folders:
                found = relative_range(root.path, folder)
                if found is None:
                    continue
                low, high = found
                if high is None:
                    parts.append(Sql("root_id = ?", (root.id.bytes,)))
                else:
                    below = "root_id = ? AND (path = ? OR (path > ? AND path < ?))"
                    parts.append(Sql(below, (root.id.bytes, low.rstrip(b"/"), low, high)))
        return self._in_folders(parts)

    def beginning_with(self, prefix: str) -> Sql:
        """It may end in the middle of a folder's name, or of a file's."""
        whole: list[Sql] = []
        cut: list[Sql] = []
        for root in self.roots:
            above = _above(root)
            if above.startswith(prefix):
                whole.append(Sql("root_id = ?", (root.id.bytes,)))
            elif prefix.startswith(above):
                rest = prefix[len(above) :]
                starts = "root_id = ? AND path <> x'' AND instr(shown_folded(path) || '/', ?) = 1"
                whole.append(Sql(starts, (root.id.bytes, rest)))
                folder, slash, name = rest.rpartition("/")
                if slash and not (folder and name):
                    continue  # the folders above are all; or two slashes, which follow in no path
                named = Sql("instr(shown_folded(c.name), ?) = 1", (name,))
                cut.append(all_of(self._in_folders([_is_folder(root, folder)]), named))
        return any_of(self._in_folders(whole), *cut)

    def right_in(self, folder: str) -> Sql:
        """`folder` ends with a slash."""
        parts: list[Sql] = []
        for root in self.roots:
            above = _above(root)
            if folder == above:
                parts.append(_is_folder(root, ""))
            elif folder.startswith(above):
                parts.append(_is_folder(root, folder[len(above) : -1]))
        return self._in_folders(parts)

    def _in_folders(self, parts: Sequence[Sql]) -> Sql:
        found = any_of(*parts)
        return Sql(_OF_FOLDERS.format(found.text), (self.collection_id, *found.given))


def _above(root: Root) -> str:
    return shown_folded(root.path.rstrip(b"/")) + "/"


def _is_folder(root: Root, path: str) -> Sql:
    """Relative to the root; empty: the root itself."""
    if not path:
        return Sql("root_id = ? AND path = x''", (root.id.bytes,))
    return Sql("root_id = ? AND shown_folded(path) = ?", (root.id.bytes, path))
