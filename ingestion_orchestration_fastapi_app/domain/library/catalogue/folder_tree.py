"""Folders as a tree, from how many pictures lie right in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.library.catalogue.catalogue_rows import FolderCount
from utils.text.folded import composed, folded


@dataclass(frozen=True, slots=True)
class Folder:
    """`path` is absolute, as it is shown. `images_in_all`: with those of the folders below."""

    path: str
    images: int
    images_in_all: int

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]


def top_folders(roots: Sequence[Root], shown: Sequence[bytes] | None) -> list[bytes]:
    """Where the tree begins: what may be shown (None: all), without what lies in another of it."""
    tops = [root.path for root in roots] if shown is None else list(shown)
    return sorted(
        {one for one in tops if not any(one != top and is_within(one, top) for top in tops)}
    )


def with_counts(
    folders: Iterable[bytes], roots: Sequence[Root], counts: Iterable[FolderCount]
) -> list[Folder]:
    """These, by path; also one without a picture."""
    absolute = list(_absolute(roots, counts))
    return [
        Folder(
            display_text(folder),
            sum(images for path, images in absolute if path == folder),
            sum(images for path, images in absolute if is_within(path, folder)),
        )
        for folder in sorted(folders)
    ]


def folders_in(parent: str, roots: Sequence[Root], counts: Iterable[FolderCount]) -> list[Folder]:
    """Those right below it, by name, that hold pictures or have folders that do."""
    depth = 1 + len(_parts(composed(parent)))
    found: dict[str, list[int]] = {}
    for path, images in _absolute(roots, counts):
        shown = display_text(path)
        parts = _parts(shown)
        if len(parts) < depth or _parts(composed(shown))[: depth - 1] != _parts(composed(parent)):
            continue
        folder = found.setdefault("/" + "/".join(parts[:depth]), [0, 0])
        folder[0] += images if len(parts) == depth else 0
        folder[1] += images
    made = [Folder(path, *numbers) for path, numbers in found.items()]
    return sorted(made, key=lambda one: (folded(one.name), one.path))


def _absolute(roots: Sequence[Root], counts: Iterable[FolderCount]) -> Iterable[tuple[bytes, int]]:
    paths = {root.id: root.path.rstrip(b"/") for root in roots}
    for one in counts:
        root = paths.get(one.root_id)
        if root is not None:
            yield (root + b"/" + one.path if one.path else root or b"/"), one.images


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]
