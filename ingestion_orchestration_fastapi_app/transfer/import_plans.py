"""What an import is about: which export, of which model, and where its folders are here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import Manifest
from ingestion_orchestration_fastapi_app.domain.transfer.target_roots import moved_root
from ingestion_orchestration_fastapi_app.errors import (
    DirectoryNotAllowed,
    ExportInvalid,
    ExportNotFound,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.ports.exports import Exports
from utils.contract.transfer import ImportOptions
from utils.problems import ValidationProblem


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """`roots`: those of the export, each as it was and as it is here."""

    folder: bytes
    manifest: Manifest
    roots: Mapping[UUID, tuple[Root, Root]]

    @property
    def made_with(self) -> NewGeneration:
        """Without a table."""
        model = self.manifest.model
        return NewGeneration("", model.name, model.weights, model.dim, model.fingerprint)

    def check_model(self, collection: CollectionRecord) -> None:
        """Raises ModelMismatch. A collection that is not bound yet fits any."""
        model = self.manifest.model
        if collection.fingerprint not in (None, model.fingerprint):
            raise ModelMismatch(
                f"Collection {collection.name!r} was made by {collection.model} "
                f"({collection.fingerprint}), and the export by {model.name} "
                f"({model.fingerprint}): import it into another collection."
            )


class ImportPlans:
    def __init__(self, exports: Exports, allowed: AllowedRoots) -> None:
        self._exports = exports
        self._allowed = allowed

    async def plan(self, options: ImportOptions) -> ImportPlan:
        """Raises ExportNotFound, ExportInvalid, DirectoryNotAllowed, DirectoryNotFound,
        ValidationProblem.
        """
        folder = await self._folder(options.source)
        manifest = await self._exports.manifest(folder)
        if not manifest.vectors:
            raise ExportInvalid("The export was made without vectors: it cannot be imported.")
        moves = {old: await self._allowed.directory(new) for old, new in options.roots.items()}
        roots: dict[UUID, tuple[Root, Root]] = {}
        used: set[str] = set()
        for one in manifest.collection.roots:
            now, by = moved_root(one.root, moves)
            roots[one.id] = (one.root, now)
            used.update([] if by is None else [by])
        if unused := sorted(moves.keys() - used):
            known = ", ".join(one.path for one in manifest.collection.roots[:8]) or "none"
            raise ValidationProblem(
                f"roots: {unused[0]} is none of the export's folders, nor above one: {known}."
            )
        for _, now in roots.values():
            if not self._allowed.allows(now.path):
                shown = display_text(now.path)
                raise DirectoryNotAllowed(
                    f"The export's photographs are in {shown}, which may not be imported here. Say "
                    "in `roots` where they are now, or allow that folder."
                )
        return ImportPlan(folder, manifest, roots)

    async def _folder(self, source: str) -> bytes:
        if "/" not in source:
            return await self._exports.folder(source)
        if not os.path.isabs(source):
            raise ValidationProblem("source: a folder is named by its absolute path.")
        above, name = os.path.split(source.rstrip("/"))
        try:
            own = await self._exports.folder(name)
            if os.fsencode(above) == os.path.dirname(own):
                return own
        except ExportNotFound:
            pass
        return await self._allowed.directory(source)
