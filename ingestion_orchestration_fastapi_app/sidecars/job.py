"""One writing of sidecars, from its start or from where it was to its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from anyio import CancelScope
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.jobs.imports import FILES_LANE
from ingestion_orchestration_fastapi_app.domain.library.annotations import NO_ANNOTATION
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import values_for
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Listed, Order, Sort
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.visible import visible
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import BrowsingRepository
from ingestion_orchestration_fastapi_app.ports.sidecar_files import SidecarFiles
from ingestion_orchestration_fastapi_app.sidecars.account import Account, account_of
from ingestion_orchestration_fastapi_app.sidecars.group import Group, ToWrite
from ingestion_orchestration_fastapi_app.sidecars.roots import writable
from utils.contract import JobEffect, JobState
from utils.contract.annotations.sidecars import SidecarOptions
from utils.contract.warnings import WarningCode

SIDECARS = "sidecars"
PAGE = 256  # images that are looked at together
GROUP = 32  # sidecars that are written between two steps of the ledger
_DENSE = 10_000


@dataclass(frozen=True, slots=True)
class WriteSidecars:
    """The kind `sidecars`. It shares the lane of imports: both say which files are changed."""

    collections: Collections
    browsing: BrowsingRepository
    files: SidecarFiles
    shown: Shown

    @property
    def kind(self) -> Kind[SidecarOptions]:
        described = KindDescription(
            "Writes ratings, favourites and tags into XMP files beside the images.",
            JobEffect.FILES,
            lane=FILES_LANE,
        )
        return Kind(SIDECARS, SidecarOptions, self.run, lambda _: FILES_LANE, described=described)

    async def run(self, scope: JobScope, options: SidecarOptions) -> Ending | None:
        """None: it was stopped, and goes on where it was."""
        with scope.stop.interruptible():
            collection = await self.collections.by_id(scope.record.collection_id)
            account = account_of(scope.record.checkpoint)
            if collection.active is not None:
                await self._whole(scope, options, collection, account)
            return Ending(JobState.COMPLETED)
        return None

    async def check(
        self, collection: CollectionRecord, options: SidecarOptions
    ) -> tuple[Filters, Sequence[bytes]]:
        """Of the images whose sidecars can be written, and folders that are left out. Raises
        RootReadOnly.
        """
        filters = visible(filters_of(options.filters), collection, self.shown)
        found = await writable(self.browsing, self.files, collection, filters)
        found.check(skips_read_only=options.skip_read_only)
        return replace(filters, within=found.folders), [one for one, _ in found.refused]

    async def _whole(
        self,
        scope: JobScope,
        options: SidecarOptions,
        collection: CollectionRecord,
        account: Account,
    ) -> None:
        ledger, behind = scope.ports.ledger, account.behind
        if not self.collections.catalogue.is_whole(collection):
            scope.progress.warn(WarningCode.SIDECARS_INCOMPLETE)
        filters, left_out = await self.check(collection, options)
        for folder in left_out:
            scope.progress.warn(WarningCode.SIDECARS_READ_ONLY, folder=display_text(folder))
        total = await ledger.browsing.count(collection.id, filters, at_most=None)
        scope.progress.done, scope.progress.total = behind.done, total
        scope.progress.scan_complete = True
        others = await ledger.collections.list_all()
        group = Group(scope, self.files, collection, others, account)
        while True:
            page = await ledger.browsing.page(
                collection.id,
                filters,
                Order(Sort.PATH),
                after=behind.position,
                limit=PAGE,
                is_dense=total >= _DENSE,
            )
            if not page:
                scope.progress.total = behind.done
                return
            with scope.progress.busy(SIDECARS):
                await self._page(group, options, page)
            scope.progress.settled(len(page), opened=True)

    async def _page(self, group: Group, options: SidecarOptions, page: Sequence[Listed]) -> None:
        """Where it is is kept after each group, with what became of it."""
        images = await self._images(group, options, page)
        places = {one.position.key: place for place, one in enumerate(page)}
        left = 0  # in the page

        async def behind(place: int) -> None:
            nonlocal left
            account = group.account
            account.behind.move_to(page[place].position)
            account.behind.done += place + 1 - left
            account.count("images", place + 1 - left)
            left = place + 1
            await account.save(group.scope)

        roots = {root.id: root.path for root in group.collection.roots}

        def folder_of(image: ToWrite) -> bytes:
            inner = image.key.path.rpartition(b"/")[0]
            above = roots[image.key.root_id].rstrip(b"/")
            return above + b"/" + inner if inner else above or b"/"

        known = [one for one in images if one.key.root_id in roots]
        for folder, found in groupby(known, key=folder_of):
            for some in _in_groups(list(found)):
                # Bounded: a disk answers within its limit. A thread that was left would write on.
                with CancelScope(shield=True):
                    await group.write(folder, some)
                    await behind(places[some[-1].key])
                await checkpoint()
        if left < len(page):
            await behind(len(page) - 1)

    async def _images(
        self, group: Group, options: SidecarOptions, page: Sequence[Listed]
    ) -> list[ToWrite]:
        """Those of which something is said, or was written."""
        scope, collection = group.scope, group.collection
        ledger = scope.ports.ledger
        ids = {one.position.key: one.id for one in page if one.position.key is not None}
        files: dict[FileKey, FileRecord] = await ledger.files.recall(collection.id, list(ids))
        stats = {key: one.stat for key, one in files.items() if one.stat is not None}
        contents = {
            key: one.sha256 for key, one in files.items() if one.sha256 is not None and key in stats
        }
        said = await ledger.annotations.find(set(contents.values()))
        before = await ledger.sidecars.find(collection.id, list(contents))
        meant = [
            key
            for key in ids
            if key in contents and (contents[key] in said or key in before or options.captions)
        ]
        table = collection.bound().table
        look = partial(scope.ports.store.get, table, [ids[key] for key in meant])
        points = await self.collections.words.joined(
            collection, await scope.until_stored(look) if meant else []
        )
        known = {point.id: point for point in points}
        return [
            ToWrite(
                key,
                stats[key],
                values_for(
                    said.get(contents[key], NO_ANNOTATION),
                    known[ids[key]].metadata,
                    label=options.label,
                    caption=known[ids[key]].caption if options.captions else None,
                ),
                before.get(key),
            )
            for key in meant
            if ids[key] in known
        ]


def _in_groups(images: Sequence[ToWrite]) -> Iterator[Sequence[ToWrite]]:
    for start in range(0, len(images), GROUP):
        yield images[start : start + GROUP]
