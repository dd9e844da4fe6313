"""Goes through the folders of an import: files are given on, the rest is noted in `scanned`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart, scanned_parts
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Linked,
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from utils.contract import ErrorCode
from utils.contract.warnings import WarningCode, WarningDetail

_NAMED = 3  # links, or files, in a warning
RETRY_STALLED_S = 5.0
MetFiles: TypeAlias = Callable[[list[File]], Awaitable[None]]
MetMount: TypeAlias = Callable[[Mounted], Awaitable[None]]


async def scan_folders(look: LookContext, met: MetFiles, mounted: MetMount) -> None:
    """Gives each group of files to `met`, and each file system, before its files, to `mounted`.

    Raises JobFailedError where nothing of what was asked for is there.
    """
    look.scanned.known_devices.update(await look.ports.ledger.folders.devices(look.collection_id))
    parts = scanned_parts(look.request, recursive=look.options.recursive)
    for part in parts:
        excluded = await _excluded(look, part.folder)
        there = part
        while excluded is not None and not await _scan_part(look, there, excluded, met, mounted):
            # The folder above shows whether it is gone, or its mount is.
            above = there.folder.rpartition(b"/")[0] or b"/"
            there = replace(there, folder=above, recursive=False)
    if len(look.scanned.absent) == len(parts):
        raise JobFailedError(*next(iter(look.scanned.absent.values())))
    _tell_of_links(look)


async def _excluded(look: LookContext, folder: bytes) -> tuple[bytes, ...] | None:
    """The folders that are excluded now; None: this one is, or lies in one."""
    now = await look.ports.ledger.collections.find_by_id(look.collection_id)
    folders = () if now is None else now.excluded
    if any(is_within(folder, one) for one in folders):
        look.progress.warn(WarningCode.FOLDER_EXCLUDED, folder=display_text(folder))
        return None
    return folders


async def _scan_part(
    look: LookContext,
    part: ScanPart,
    excluded: tuple[bytes, ...],
    met: MetFiles,
    mounted: MetMount,
) -> bool:
    """False: the folder is not there, and lies in the one that was asked for."""
    folder, library = part.folder, look.ports.library
    lacking = set(part.names or ())
    look.scanned.known.begin()
    groups = library.scan(
        folder,
        recursive=part.recursive,
        roots=look.roots,
        names=part.names,
        excluded=excluded,
    )
    while True:
        with look.progress.busy("scan"):
            group = await anext(groups, None)
        if group is None:
            _tell_of_lacking(look, folder, lacking)
            return True
        if isinstance(group, Mounted):
            look.scanned.devices[group.path] = group.device
            await mounted(group)
        elif isinstance(group, Linked):
            await _pass_over(look, group)
        elif isinstance(group, ScanStalled):
            if group.fault.code is ErrorCode.FILE_READ and group.path != part.top:
                _note_unlisted(look, group.path, group.fault.detail)
                return True
            reason = f"{display_text(group.path)}: {group.fault.detail}"
            with look.progress.blocked(group.fault.code, reason):
                await sleep(RETRY_STALLED_S)
        elif isinstance(group, ScanFault):
            if group.path == part.top:
                if not look.request.paths:
                    raise JobFailedError(ErrorCode.DIRECTORY_NOT_FOUND, group.detail)
                # Of several one: the others are none the worse for it.
                _note_unlisted(look, group.path, group.detail)
                told = f"{display_text(group.path)}: {group.detail}"
                look.scanned.absent[group.path] = ErrorCode.DIRECTORY_NOT_FOUND, told
                return True
            if group.path == folder and await _is_gone(look, part):
                return False
            _note_unlisted(look, group.path, group.detail)
        else:
            lacking -= {file.path.rpartition(b"/")[2] for file in group}
            await met(group)


async def _is_gone(look: LookContext, part: ScanPart) -> bool:
    gone = look.ports.library.gone
    return (await gone([part.folder], below=part.top, are_folders=True))[0]


def _tell_of_lacking(look: LookContext, folder: bytes, names: set[bytes]) -> None:
    """Files that were asked for by name. What is known of them stays as it is."""
    if names:
        paths = [display_text(folder.rstrip(b"/") + b"/" + name) for name in sorted(names)]
        told = _of_some(
            (WarningCode.FILES_NOT_THERE, WarningCode.FILES_NOT_THERE_AND_MORE),
            paths[:_NAMED],
            len(paths),
        )
        look.progress.warn_of(told)
        look.scanned.lacking[folder] = told.detail


def _of_some(
    codes: tuple[WarningCode, WarningCode], named: Iterable[str], count: int
) -> WarningDetail:
    """By the first code where all are named."""
    paths, more = ", ".join(named), count - _NAMED
    if more <= 0:
        return WarningDetail.of(codes[0], paths=paths)
    return WarningDetail.of(codes[1], paths=paths, count=more)


def _note_unlisted(look: LookContext, folder: bytes, detail: str) -> None:
    look.scanned.unlisted.add(folder)
    look.progress.warn(WarningCode.FOLDER_UNLISTED, folder=display_text(folder), reason=detail)


async def _pass_over(look: LookContext, linked: Linked) -> None:
    look.progress.links_skipped += len(linked.paths)
    replaced = await look.ports.ledger.folders.known_at(look.collection_id, linked.paths)
    look.scanned.replaced += replaced[: _NAMED - len(look.scanned.replaced)]
    look.scanned.replaced_count += len(replaced)


def _tell_of_links(look: LookContext) -> None:
    if look.progress.links_skipped:
        look.progress.note("links_skipped", str(look.progress.links_skipped))
    if look.scanned.replaced:
        codes = (WarningCode.LINKS_REPLACED, WarningCode.LINKS_REPLACED_AND_MORE)
        named = map(display_text, look.scanned.replaced)
        look.progress.warn_of(_of_some(codes, named, look.scanned.replaced_count))
