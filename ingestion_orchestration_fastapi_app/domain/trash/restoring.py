"""Which removed points may come back, and as what: decided for one at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    found,
    is_forgotten,
    stored,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.roots import repointed
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    Restored,
    Trashed,
    TrashedFile,
)


class Left(StrEnum):
    """Why one stays where it is: its file is imported again, or was refused since; somebody has
    removed what is in it, or excluded its folder; its root is not one any more; no table of its
    models is there, or none holds it.
    """

    ID_TAKEN = "id_taken"
    FILE_REFUSED = "file_refused"
    IMAGE_FORGOTTEN = "image_forgotten"
    FOLDER_EXCLUDED = "folder_excluded"
    ROOT_FORGOTTEN = "root_forgotten"
    MODEL_GONE = "model_gone"
    ROW_REFUSED = "row_refused"


def why_left(
    one: Trashed,
    collection: CollectionRecord,
    record: FileRecord | None,
    *,
    forgotten: Collection[bytes],
    takes_back: bool,
) -> Left | None:
    """None: it may come back.

    Args:
        record: what the ledger knows of its file now.
        forgotten: contents that somebody has removed from the collection.
        takes_back: what somebody has removed is meant, too.
    """
    path = absolute_folder(FolderPlace(one.key.root_id, one.key.path), collection.roots)
    if path is None:
        return Left.ROOT_FORGOTTEN
    if any(is_within(path, folder) for folder in collection.excluded):
        return Left.FOLDER_EXCLUDED
    content = one.file.sha256
    made = () if record is None else record.artefacts
    if any(artefact.kind is Kind.VECTOR and artefact.is_there for artefact in made):
        return Left.ID_TAKEN
    is_own = record is not None and is_forgotten(made) and record.sha256 == content
    if not is_own and any(artefact.is_verdict for artefact in made):
        return Left.FILE_REFUSED
    if content in forgotten and not takes_back:
        return Left.IMAGE_FORGOTTEN
    return None if vectors_for(one, collection) else Left.MODEL_GONE


def vectors_for(one: Trashed, collection: CollectionRecord) -> dict[int, Point]:
    """By generation: the rows to write, where the root is now."""
    root = next((root for root in collection.roots if root.id == one.key.root_id), None)
    if root is None:
        return {}
    return {
        generation.id: repointed(point, collection.identity, root.path) or point
        for generation in collection.generations
        if (point := one.points.get(generation.fingerprint)) is not None
    }


def restored(one: Trashed, collection: CollectionRecord, written: Collection[int]) -> Restored:
    """`written`: the generations whose tables have it again."""
    rows = {
        number: row for number, row in vectors_for(one, collection).items() if number in written
    }
    active = collection.active
    shown = None if active is None else rows.get(active.id)
    has_caption = shown is not None and one.caption is not None
    models = {of.fingerprint: rows[of.id] for of in collection.generations if of.id in rows}
    made = _artefacts(one.file, models, has_caption=has_caption)
    return Restored(
        one.number, one.key, one.point_id, replace(one.file, artefacts=tuple(made)), shown
    )


def _artefacts(
    file: TrashedFile, models: Mapping[str, Point], *, has_caption: bool
) -> list[Artefact]:
    """What was known, but for what does not come back. A row that the ledger believed in no more
    when its removal was cut off is believed in again.
    """
    kept = []
    for one in file.artefacts:
        if one.kind is Kind.PICTURE:
            is_kept = not is_forgotten([one])
        elif one.kind is Kind.CAPTION:
            is_kept = has_caption or not one.is_there
        else:
            is_kept = one.model in models or not one.is_there
        kept += [one] if is_kept else []
    for model, row in models.items():
        known = found(kept, Kind.VECTOR, model)
        if known is None:
            made = stored(Kind.VECTOR, model)
            is_of_file = row.sha256 == file.sha256
            kept.append(made if is_of_file else replace(made, state=State.STALE))
        elif not known.is_there:
            kept[kept.index(known)] = replace(known, state=State.STALE)
    return kept
