"""A group of an export's images written into a collection: points, words, cache, ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, is_stored, stored
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    FileStat,
    Outcome,
)
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage, RefusedRow
from ingestion_orchestration_fastapi_app.domain.transfer.target_roots import placed
from ingestion_orchestration_fastapi_app.errors import RowsRefused
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlan
from utils.contract import ErrorCode


class Fate(StrEnum):
    """What became of an image. `KEPT`: the collection has another content at its place, which is
    newer than the export.
    """

    RESTORED = "restored"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    FORGOTTEN = "forgotten"


@dataclass(slots=True)
class Written:
    """`there`: keys of images that the collection has now, with their paths."""

    fates: Counter[Fate] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)
    there: dict[FileKey, ExportedImage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageWriter:
    """Into one collection. Safe to repeat: what was written before a kill is merged, and counted as
    it was then.
    """

    scope: JobScope
    collections: Collections
    collection: CollectionRecord
    generation: Generation
    plan: ImportPlan

    async def write(self, images: Sequence[ExportedImage]) -> Written:
        """Durable on return."""
        written = Written()
        group: dict[FileKey, ExportedImage] = {}
        for image in images:
            old, new = self.plan.roots[image.point.root_id]
            found = placed(
                image.point,
                old=old,
                new=new,
                roots=self.collection.roots,
                identity=self.collection.identity,
            )
            if found is None:
                written.refused.append(_refused(image, "its folder is none of the collection's"))
                continue
            key, point = found
            if key in group:
                written.refused.append(_refused(image, "its file was there before, in this export"))
                continue
            group[key] = replace(image, point=point)
        while True:
            try:
                await self.scope.until_stored(partial(self._write, group, written))
                return written
            except RowsRefused as exc:
                for key, image in list(group.items()):
                    if image.point.id in exc.why:
                        written.refused.append(_refused(image, exc.why[image.point.id]))
                        del group[key]

    async def _write(self, group: Mapping[FileKey, ExportedImage], written: Written) -> None:
        ledger = self.scope.ports.ledger
        async with self.collections.writers.of(self.collection.id):
            await self._check_generation()
            fates = await self._fates(group)
            restored = {key: one for key, one in group.items() if fates[key] is Fate.RESTORED}
            if restored:
                await self._restore(restored)
        there = {key: one for key, one in group.items() if fates[key] is not Fate.FORGOTTEN}
        said = {one.point.sha256: one.point.annotation for one in there.values()}
        told = {content: one for content, one in said.items() if one is not None}
        if told:
            await ledger.annotations.put_missing(told)
        written.fates, written.there = Counter(fates.values()), there

    async def _check_generation(self) -> None:
        """The writer is held."""
        now = await self.collections.by_id(self.collection.id)
        if now.active is None or now.active.id != self.generation.id:
            raise JobFailedError(
                ErrorCode.MODEL_MISMATCH, "Another model answers in the collection by now."
            )

    async def _fates(self, group: Mapping[FileKey, ExportedImage]) -> dict[FileKey, Fate]:
        ledger, number = self.scope.ports.ledger, self.collection.id
        keys, job_id = list(group), self.scope.job_id
        records = await ledger.files.recall(number, keys, job_id=job_id)
        hashes = list({image.point.sha256 for image in group.values()})
        forgotten = await ledger.forgotten.among(number, hashes)
        return {
            key: Fate.FORGOTTEN
            if image.point.sha256 in forgotten
            else self._fate(image, records.get(key))
            for key, image in group.items()
        }

    def _fate(self, image: ExportedImage, record: FileRecord | None) -> Fate:
        if record is None:
            return Fate.RESTORED
        is_there = is_stored(record.artefacts, self.generation.fingerprint)
        if is_there and record.outcome is Outcome.CACHED:  # by this job, before it was cut off
            return Fate.RESTORED
        if record.sha256 not in (None, image.point.sha256):
            return Fate.KEPT
        return Fate.UNCHANGED if is_there else Fate.RESTORED

    async def _restore(self, group: Mapping[FileKey, ExportedImage]) -> None:
        """Intents, points, words, cache, ledger, in this order: as an import does."""
        scope, generation = self.scope, self.generation
        ledger, words = scope.ports.ledger, self.collections.words
        points = [image.point for image in group.values()]
        ids = [point.id for point in points]
        may_exist = await ledger.artefacts.maybe_written(generation.id, ids)
        intents = dict.fromkeys(ids, Outcome.CACHED)
        await ledger.artefacts.begin_write(scope.job_id, generation.id, intents)
        undisturbed = words.undisturbed(self.collection)
        rows = [replace(point, caption=None, annotation=None) for point in points]
        version = await scope.ports.store.write(generation.table, rows, may_exist=may_exist)
        await words.write(
            self.collection,
            points,
            {
                one.point.id: Caption(one.point.caption, one.caption_model)
                for one in group.values()
                if one.point.caption is not None
            },
            may_exist=may_exist,
            undisturbed=undisturbed,
        )
        await self._fill_cache(list(group.values()))
        by_readers: defaultdict[str, list[FileOutcome]] = defaultdict(list)
        for key, image in group.items():
            readers = image.seen.reader_version if image.seen is not None else None
            by_readers[readers or ""].append(self._outcome(key, image))
        for readers, outcomes in by_readers.items():
            await ledger.files.complete(
                scope.job_id,
                self.collection.id,
                outcomes,
                synced=SyncedVersion(generation.id, version),
                progress=scope.progress.saved(),
                reader_version=readers,
            )

    def _outcome(self, key: FileKey, image: ExportedImage) -> FileOutcome:
        """Of a file of which nobody knows how it looked: the next import opens it, and infers
        nothing, since its vector is in the cache.
        """
        point, seen = image.point, image.seen
        stat = FileStat(point.size_bytes, point.mtime_ns, 0) if seen is None else seen.stat
        artefacts = [stored(Kind.VECTOR, self.generation.fingerprint)]
        if point.caption is not None and image.caption_model is not None:
            artefacts.append(stored(Kind.CAPTION, image.caption_model))
        return FileOutcome(
            key=key,
            point_id=point.id,
            display_path=point.display_path,
            outcome=Outcome.CACHED,
            stat=stat,
            mtime_trusted=seen is not None and seen.mtime_trusted,
            sha256=point.sha256,
            artefacts=tuple(artefacts),
            catalogued=replace(point, caption=None, annotation=None),
            added_at=image.added_at,
        )

    async def _fill_cache(self, images: Sequence[ExportedImage]) -> None:
        """What is there stays: a foreign export replaces nothing that was made here."""
        cache, manifest = self.scope.ports.cache, self.plan.manifest
        fingerprint, upload = self.generation.fingerprint, manifest.upload_version
        vectors = {
            VectorKey(fingerprint, upload, one.point.picture_key): one.point.vector
            for one in images
        }
        known = await cache.vectors(list(vectors))
        pictures = {
            one.point.picture_key: _picture(one, one.thumbnail)
            for one in images
            if one.thumbnail is not None
        }
        shown = await cache.pictures(manifest.picture_version, list(pictures))
        captions: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
        for one in images:
            if one.caption_model is not None and one.point.caption is not None:
                captions[one.caption_model][one.point.picture_key] = one.point.caption
        for model, texts in captions.items():
            said = await cache.captions(model, list(texts))
            new = {key: text for key, text in texts.items() if key not in said}
            await cache.put_captions(model, new)
        await cache.put_pictures(
            manifest.picture_version,
            {key: picture for key, picture in pictures.items() if key not in shown},
        )
        await cache.put_vectors({key: one for key, one in vectors.items() if key not in known})


def _picture(image: ExportedImage, thumbnail: bytes) -> Picture:
    point = image.point
    return Picture(
        format=point.format,
        width_px=point.width_px,
        height_px=point.height_px,
        phash=point.phash,
        partial=point.partial,
        pixel_source=point.pixel_source,
        thumbnail=thumbnail,
    )


def _refused(image: ExportedImage, reason: str) -> RefusedRow:
    return RefusedRow(reason, image.point.display_path, str(image.point.id))
