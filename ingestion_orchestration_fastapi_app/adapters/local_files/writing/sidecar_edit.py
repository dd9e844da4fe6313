"""What of a picture's ratings, tags and words is put into its XMP sidecar, and taken out again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingestion_orchestration_fastapi_app.adapters.local_files.writing.xmp_tree import XmpTree
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    NOTHING,
    SidecarValues,
)
from utils.text.folded import folded

PICKED = "3"  # digiKam's flag "accepted"
_SUBJECT, _PATHS, _TREE = "dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList"


@dataclass(frozen=True, slots=True)
class SidecarEdit:
    """`data`: None where nothing changes. `put`: what in it is Photoseek's now."""

    data: bytes | None
    put: SidecarValues


def edited(before: bytes | None, wanted: SidecarValues, put: SidecarValues) -> SidecarEdit:
    """`put`: what was put into `before`. Of that goes what is wanted no more; what others have
    written since, or before, stays. Blocking, bounded by the size that a sidecar may have.

    Raises XmpRefusedError.
    """
    if before is None and wanted == replace(NOTHING, keywords=wanted.keywords):
        return SidecarEdit(None, NOTHING)
    tree = XmpTree(before)
    kept = SidecarValues(
        rating=_rating(tree, wanted.rating, put.rating),
        label=_own(tree, "xmp:Label", wanted.label, put.label),
        is_picked=_own(
            tree,
            "digiKam:PickLabel",
            PICKED if wanted.is_picked else None,
            PICKED if put.is_picked else None,
            nothing="0",
        )
        is not None,
        description=_description(tree, wanted.description, put.description),
    )
    tags, keywords = _tagged(tree, wanted, put)
    after = tree.written()
    is_as_before = before is not None and kept_alike(before, after)
    return SidecarEdit(None if is_as_before else after, replace(kept, tags=tags, keywords=keywords))


def kept_alike(before: bytes, after: bytes) -> bool:
    """Whether writing one gave the other, but for how the first one was written down."""
    return before == after or XmpTree(before).written() == after


def _rating(tree: XmpTree, wanted: int | None, put: int | None) -> int | None:
    if wanted is not None:
        tree.set_text("xmp:Rating", str(wanted))
    elif put is not None and tree.text("xmp:Rating") == str(put):
        tree.set_text("xmp:Rating", None)
    return wanted


def _own(
    tree: XmpTree, name: str, wanted: str | None, put: str | None, *, nothing: str = ""
) -> str | None:
    """What others have said there stays, and is not ours."""
    there = tree.text(name)
    is_ours = put is not None and there == put
    if there not in (None, nothing) and not is_ours:
        return None
    if wanted is not None:
        tree.set_text(name, wanted)
    elif is_ours:
        tree.set_text(name, None)
    return wanted


def _description(tree: XmpTree, wanted: str | None, put: str | None) -> str | None:
    there = tree.items("dc:description")
    is_ours = put is not None and there == [put.strip()]
    if there and not is_ours:
        return None
    if there != ([] if wanted is None else [wanted.strip()]):
        tree.set_words("dc:description", wanted)
    return wanted


def _tagged(
    tree: XmpTree, wanted: SidecarValues, put: SidecarValues
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags and keywords in it that are Photoseek's now."""
    gone = _missing(put.tags, wanted.tags)
    if not wanted.tags:
        gone += put.keywords
    for name, written in _lists(gone).items():
        stay = set(_lists(wanted.tags)[name])
        tree.remove_items(name, set(written) - stay)
    if not wanted.tags:
        return (), ()
    is_bare = not any(tree.items(name) for name in (_SUBJECT, _PATHS, _TREE))
    keywords = wanted.keywords if is_bare else _still(put.keywords, tree.items(_SUBJECT))
    there = {name: set(map(folded, tree.items(name))) for name in (_SUBJECT, _PATHS, _TREE)}
    ours = _missing(wanted.tags, ()) if is_bare else _not_others(wanted.tags, put.tags, there)
    adding = (*(wanted.keywords if is_bare else ()), *wanted.tags)
    for name, written in _lists(adding).items():
        new = [text for text in written if folded(text) not in there[name]]
        tree.add_items(name, new, kind="Seq" if name == _TREE else "Bag")
    return ours, keywords


def _lists(tags: tuple[str, ...]) -> dict[str, list[str]]:
    """How each program reads them: the last level alone; levels with `|`; and with `/`, where no
    name of a level holds one.
    """
    tags = tuple(filter(None, map(_path, tags)))
    levels = {folded(level) for tag in tags if "|" in tag for level in tag.split("|")}
    trees = [tag for tag in dict.fromkeys(tags) if "|" in tag or folded(tag) not in levels]
    leaves = {folded(leaf): leaf for leaf in map(_leaf, reversed(tags))}
    paths = [tag.replace("|", "/") for tag in trees if "/" not in tag]
    return {_SUBJECT: list(leaves.values())[::-1], _PATHS: trees, _TREE: paths}


def _path(tag: str) -> str:
    """Without levels that have no name."""
    return "|".join(level.strip() for level in tag.split("|") if level.strip())


def _leaf(tag: str) -> str:
    return _path(tag).rpartition("|")[2]


def _missing(tags: tuple[str, ...], among: tuple[str, ...]) -> tuple[str, ...]:
    there = set(map(folded, among))
    return tuple(tag for tag in tags if folded(tag) not in there)


def _still(tags: tuple[str, ...], there: list[str]) -> tuple[str, ...]:
    found = set(map(folded, there))
    return tuple(tag for tag in tags if folded(_leaf(tag)) in found)


def _not_others(
    tags: tuple[str, ...], put: tuple[str, ...], there: dict[str, set[str]]
) -> tuple[str, ...]:
    """Those that were put there before, or that nobody had written."""
    known = set(map(folded, put))
    return tuple(
        tag for tag in tags if folded(tag) in known or folded(_leaf(tag)) not in there[_SUBJECT]
    )
