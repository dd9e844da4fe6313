"""The first stage of a pass: what the generation lacks, folder by folder, as it is on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import LackingFile
from ingestion_orchestration_fastapi_app.domain.jobs.row_set import RowSet
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.scanning.found import ScanFault, ScanStalled
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import Send, ToRead
from ingestion_orchestration_fastapi_app.ingest.lookups.folder_scan import RETRY_STALLED_S
from ingestion_orchestration_fastapi_app.ingest.stages.scan import register, write_known
from utils.contract import ErrorCode
from utils.contract.warnings import WarningCode

PAGE = 1024
# A folder may hold a million files, which would be half a gigabyte: it is looked at in parts then.
MOST_AT_ONCE = 65_536


@dataclass(slots=True)
class LackingFiles:
    """`unmet`: rows of files that were not there when their folder was looked at: no later pass of
    the run looks for them. `found`: how many a pass was about.
    """

    active: Generation
    refused: bool
    unmet: RowSet
    found: int = 0
    _allowed: dict[UUID, bool] = field(default_factory=dict)

    async def send(self, job: JobContext, out: Send[ToRead]) -> None:
        async with out:
            async for folder in self._folders(job):
                self.found += len(folder)
                async for files in self._met(job, folder):
                    for to_read in await register(job, files):
                        await out.send(to_read)
                for one in folder.values():  # those that were met are not among them any more
                    self.unmet.add(one.row)
            job.scanned.known.begin()
            await write_known(job)

    async def _folders(self, job: JobContext) -> AsyncIterator[dict[FileKey, LackingFile]]:
        """Files that lie right in one folder, and stand beside each other in the ledger's order; at
        most MOST_AT_ONCE.
        """
        after: FileKey | None = None
        folder: dict[FileKey, LackingFile] = {}
        where: tuple[UUID, bytes] | None = None
        while page := await job.ports.ledger.generations.lacking(
            self.active.id, job.generation.id, refused=self.refused, after=after, limit=PAGE
        ):
            after = page[-1].key
            for one in page:
                if one.row in self.unmet:
                    continue
                here = one.key.root_id, one.key.path.rpartition(b"/")[0]
                if folder and (here != where or len(folder) >= MOST_AT_ONCE):
                    yield folder
                    folder = {}
                folder[one.key], where = one, here
        if folder:
            yield folder

    async def _met(
        self, job: JobContext, folder: dict[FileKey, LackingFile]
    ) -> AsyncIterator[list[File]]:
        """Those that are there, in groups; they are taken out of `folder`."""
        some = next(iter(folder.values()))
        path = some.absolute.rpartition(b"/")[0] or b"/"
        if not await self._is_allowed(job, some.key.root_id):
            return
        job.scanned.known.begin()
        groups = job.ports.library.scan(path, recursive=False, roots=job.roots)
        while True:
            with job.progress.busy("scan"):
                group = await anext(groups, None)
            if group is None:
                return
            if isinstance(group, ScanStalled):
                if group.fault.code is ErrorCode.FILE_READ:
                    _warn(job, group.path, group.fault.detail)
                    return
                reason = f"{display_text(group.path)}: {group.fault.detail}"
                with job.progress.blocked(group.fault.code, reason):
                    await sleep(RETRY_STALLED_S)
            elif isinstance(group, ScanFault):
                _warn(job, group.path, group.detail)
            elif isinstance(group, list):
                yield _taken(group, folder)

    async def _is_allowed(self, job: JobContext, root_id: UUID) -> bool:
        """Asked once a pass: a root may be taken off those that may be read."""
        if root_id not in self._allowed:
            paths = [root.path for root in job.roots if root.id == root_id]
            is_allowed = [await job.ports.library.is_allowed(path) for path in paths]
            self._allowed[root_id] = any(is_allowed)
            if paths and not any(is_allowed):
                _warn(job, paths[0], "it may not be read now")
        return self._allowed[root_id]


def _taken(group: Iterable[File], folder: dict[FileKey, LackingFile]) -> list[File]:
    return [file for file in group if folder.pop(file.key, None) is not None]


def _warn(job: JobContext, folder: bytes, detail: str) -> None:
    job.progress.warn(WarningCode.FOLDER_UNLISTED, folder=display_text(folder), reason=detail)
