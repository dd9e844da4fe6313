"""One check of a collection, from its start or from where it was to its report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import (
    DiskFull,
    ImageNotFound,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.words.faults import WordsLostError
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.verify.account import Account, Phase, account_of
from ingestion_orchestration_fastapi_app.verify.catalogue import count_catalogue
from ingestion_orchestration_fastapi_app.verify.files import NORM_TOLERANCE, Wrong, look_at
from ingestion_orchestration_fastapi_app.verify.rows import (
    count_rows,
    duplicated_ids,
    unknown_ids,
)
from ingestion_orchestration_fastapi_app.verify.words import count_words
from utils.contract import JobEffect, JobState, VerifyOptions
from utils.contract.warnings import WarningCode
from utils.problems import Problem, ServiceOverloaded

VERIFY = "verify"
PAGE = 256  # files


@dataclass(frozen=True, slots=True)
class Verify:
    """The kind `verify`: runs one check a call. It has no lane, and runs beside imports."""

    collections: Collections
    thumbnails: Thumbnails
    filling: WordsFilling

    @property
    def kind(self) -> Kind[VerifyOptions]:
        described = KindDescription(
            "Compares what is stored with itself and with the files, and mends what may be mended.",
            JobEffect.COLLECTION,
        )
        return Kind(VERIFY, VerifyOptions, self.run, lambda _: None, described=described)

    async def run(self, scope: JobScope, options: VerifyOptions) -> Ending | None:
        """None: it was stopped, and goes on where it was."""
        with scope.stop.interruptible():
            collection = await self.collections.by_id(scope.record.collection_id)
            account = account_of(scope.record.checkpoint)
            check = _Check(scope, options, collection, account, self)
            await check.whole()
            return Ending(JobState.COMPLETED)
        return None


@dataclass(frozen=True, slots=True)
class _Check:
    scope: JobScope
    options: VerifyOptions
    collection: CollectionRecord
    account: Account
    kind: Verify

    async def whole(self) -> None:
        position, ledger = self.account.position, self.scope.ports.ledger
        if self.collection.fingerprint is None:  # nothing was ever stored in it
            position.phase = Phase.DONE
        files, _ = await ledger.folders.totals(self.collection.id, b"/", recursive=True)
        self.scope.progress.done, self.scope.progress.total = position.done, files
        self.scope.progress.scan_complete = True
        while position.phase is not Phase.DONE:
            with self.scope.progress.busy(position.phase):
                await self._step(position.phase)
        self.scope.progress.total = position.done
        await self.account.save(self.scope)

    async def _step(self, phase: Phase) -> None:
        if phase is Phase.FILES:
            await self._files()
        elif phase is Phase.ROWS:
            await self._rows()
        elif phase is Phase.UNKNOWN:
            await self._unknown()
        elif phase is Phase.DUPLICATED:
            await self._duplicated()
        elif phase is Phase.WORDS:
            await self._words()
        elif phase is Phase.FILLING:
            await self._fill_words()
        elif phase is Phase.CATALOGUE:
            await self._catalogue()
        else:
            await self._fill_catalogue()

    async def _files(self) -> None:
        """One page of them; what the last one left to be mended comes first."""
        await self._mend()
        scope, position, report = self.scope, self.account.position, self.account.report
        page = await scope.ports.ledger.folders.not_seen_in_scan(
            self.collection.id, b"/", after=position.after, limit=PAGE
        )
        if not page:
            position.phase = Phase.ROWS
            await self.account.save(scope)
            return
        look = await scope.until_stored(partial(look_at, scope.ports, self.collection, page))
        for found in look.found:
            report.add(found.wrong, found.example)
            if found.to_mend is not None and self.options.mend:
                position.to_mend.setdefault(found.wrong, []).append(found.to_mend)
        for number, count in (("files", len(page)), ("points", look.points), ("away", look.away)):
            report.numbers[number] = report.numbers.get(number, 0) + count
        if look.away:
            scope.progress.warn(WarningCode.FILES_AWAY)
        position.move_to(page[-1].key)
        position.done += len(page)
        await self.account.save(scope)
        scope.progress.settled(len(page), opened=True)

    async def _rows(self) -> None:
        scope, report = self.scope, self.account.report
        rows = await scope.until_stored(partial(count_rows, scope.ports, self.collection))
        report.numbers |= {"rows": rows.rows, "ids": rows.ids}
        self._report(Wrong.ROW_UNKNOWN, rows.unknown, rows.unknown_ids)
        self._report(Wrong.ROW_DUPLICATED, rows.duplicated, rows.duplicated_ids)
        self.account.position.phase = Phase.UNKNOWN if self.options.mend else Phase.WORDS
        await self.account.save(scope)

    def _report(self, wrong: Wrong, count: int, ids: Sequence[UUID]) -> None:
        """`ids` are a few of so many."""
        report = self.account.report
        for one in ids:
            report.add(wrong, Example(point_id=str(one)))
        if count:
            report.findings[wrong].count = count

    async def _words(self) -> None:
        """Of words that are thought to be whole. Others are known to lack some: they are filled
        first, and nothing is said.
        """
        scope, state = self.scope, self.kind.collections.words.state(self.collection)
        if self.options.mend and not state.whole:
            await scope.until_stored(partial(self.kind.filling.fill, self.collection))
        is_whole = False
        if state.whole and state.table is not None:
            with suppress(WordsLostError):  # they are made anew
                look = partial(count_words, scope.ports, self.collection, state.table)
                words = await scope.until_stored(look)
                self.account.report.numbers["words"] = words.rows
                self._report(Wrong.WORDS_MISSING, words.missing, words.missing_ids)
                self._report(Wrong.WORDS_UNKNOWN, words.unknown, words.unknown_ids)
                self._report(Wrong.WORDS_DUPLICATED, words.doubled, words.doubled_ids)
                is_whole = words.are_whole
        mends = self.options.mend and not is_whole
        self.account.position.phase = Phase.FILLING if mends else Phase.CATALOGUE
        await self.account.save(scope)

    async def _fill_words(self) -> None:
        await self.scope.until_stored(partial(self.kind.filling.fill, self.collection))
        await self._mended_all(Wrong.WORDS_MISSING, then=Phase.FILLING)
        await self._mended_all(Wrong.WORDS_UNKNOWN, then=Phase.FILLING)
        await self._mended_all(Wrong.WORDS_DUPLICATED, then=Phase.CATALOGUE)

    async def _catalogue(self) -> None:
        """Likewise."""
        scope, catalogue, mends = self.scope, self.kind.collections.catalogue, self.options.mend
        collection = await self.kind.collections.by_id(self.collection.id)
        is_whole = False
        if not catalogue.is_whole(collection) and mends:
            await scope.until_stored(partial(catalogue.fill, collection))
        if catalogue.is_whole(await self.kind.collections.by_id(self.collection.id)):
            look = partial(count_catalogue, scope.ports, collection, mends=mends)
            found = await scope.until_stored(look)
            self.account.report.numbers["catalogue"] = found.rows
            self._report(Wrong.CATALOGUE_MISSING, found.missing.count, found.missing.ids)
            self._report(Wrong.CATALOGUE_WRONG, found.wrong.count, found.wrong.ids)
            self._report(Wrong.CATALOGUE_UNKNOWN, found.unknown.count, found.unknown.ids)
            is_whole = found.are_whole
        self.account.position.phase = Phase.CATALOGUING if mends and not is_whole else Phase.DONE
        await self.account.save(scope)

    async def _fill_catalogue(self) -> None:
        collection = await self.kind.collections.by_id(self.collection.id)
        await self.scope.until_stored(partial(self.kind.collections.catalogue.fill, collection))
        await self._mended_all(Wrong.CATALOGUE_MISSING, then=Phase.CATALOGUING)
        await self._mended_all(Wrong.CATALOGUE_WRONG, then=Phase.CATALOGUING)
        await self._mended_all(Wrong.CATALOGUE_UNKNOWN, then=Phase.DONE)

    async def _unknown(self) -> None:
        """All that are counted, so that those that a kill left over are in it."""
        scope, artefacts = self.scope, self.scope.ports.ledger.artefacts
        if Wrong.ROW_UNKNOWN in self.account.report.findings:
            async for ids in unknown_ids(scope.ports, self.collection):
                await scope.until_stored(
                    partial(artefacts.correct, self.collection.bound().id, lost=(), unknown=ids)
                )
        await self._mended_all(Wrong.ROW_UNKNOWN, then=Phase.DUPLICATED)

    async def _duplicated(self) -> None:
        """Likewise."""
        if Wrong.ROW_DUPLICATED in self.account.report.findings:
            async for ids in duplicated_ids(self.scope.ports, self.collection):
                await self._drop_odd_rows(ids)
        await self._mended_all(Wrong.ROW_DUPLICATED, then=Phase.WORDS)

    async def _mended_all(self, wrong: Wrong, *, then: Phase) -> None:
        found = self.account.report.findings.get(wrong)
        if found is not None:
            found.mended = found.count
        self.account.position.phase = then
        await self.account.save(self.scope)

    async def _drop_odd_rows(self, ids: Sequence[UUID]) -> None:
        store, table = self.scope.ports.store, self.collection.bound().table
        await self.scope.until_stored(
            partial(store.drop_odd_rows, table, ids, tolerance=NORM_TOLERANCE)
        )

    async def _mend(self) -> None:
        position, report, scope = self.account.position, self.account.report, self.scope
        lost = position.to_mend.get(Wrong.POINT_MISSING, [])
        odd = position.to_mend.get(Wrong.VECTOR_NOT_UNIT, [])
        if lost or odd:
            artefacts = scope.ports.ledger.artefacts
            await scope.until_stored(
                partial(
                    artefacts.correct, self.collection.bound().id, lost=[*lost, *odd], unknown=()
                )
            )
            report.mended(Wrong.POINT_MISSING, len(lost))
        if odd:
            await self._drop_odd_rows(odd)  # which are not believed to be there any more
            report.mended(Wrong.VECTOR_NOT_UNIT, len(odd))
        for one in position.to_mend.get(Wrong.THUMBNAIL_MISSING, []):
            with scope.progress.busy("thumbnails"):
                report.mended(Wrong.THUMBNAIL_MISSING, int(await self._has_thumbnail(one)))
        position.to_mend = {}

    async def _has_thumbnail(self, point_id: UUID) -> bool:
        """Whether it is there now, made anew where it was not."""
        ports = self.scope.ports
        points = await ports.store.get(self.collection.bound().table, [point_id])
        if not points:
            return False
        image = StoredImage.of(points[0])
        try:
            await self.scope.until_stored(partial(self.kind.thumbnails.picture, image))
        except (StoreWrite, DiskFull, ServiceOverloaded):  # while it is being stopped
            raise
        except Problem as exc:
            detail = "" if isinstance(exc, ImageNotFound) else f"{exc.code}: "
            self.scope.progress.note("thumbnail_not_made", f"{detail}{exc.detail}")
            return False
        # One that only a service could make is not kept where none did.
        key, version = image.picture_key, ports.preparation.picture_version
        return key in await ports.cache.pictures(version, [key])
