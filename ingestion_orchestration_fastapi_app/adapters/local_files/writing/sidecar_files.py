"""Writes sidecars beside photographs, in the threads of their root."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import FOLDER, open_path
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import SILENT
from ingestion_orchestration_fastapi_app.adapters.local_files.sidecars import (
    Beside,
    beside_in,
    companions_in,
    looked_at,
    mark_of,
    sidecars_of,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.atomic_write import (
    Identity,
    put_file,
    read_file,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.sidecar_edit import edited
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.xmp_tree import (
    MAX_EDITED_BYTES,
    XmpRefusedError,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import NOTHING
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.ports.sidecar_files import (
    PlannedSidecar,
    SidecarWish,
    WrittenMarks,
)
from ingestion_orchestration_fastapi_app.resources.root_threads import (
    ANSWER_LIMIT_S,
    NotAnsweringError,
    RootThreads,
    note_alive,
)
from utils.contract import ErrorCode
from utils.imaging.formats import has_image_extension
from utils.metadata.xmp import read_xmp_sidecar
from utils.problems import Rejected, resource_shortage

T = TypeVar("T")
_SUFFIX = b".xmp"
_MOST_NAME_BYTES = 255
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class LocalSidecars:
    """Implements `SidecarFiles`. `is_allowed` says whether a folder lies in an allowed root."""

    def __init__(self, threads: RootThreads, *, is_allowed: Callable[[bytes], bool]) -> None:
        self._threads = threads
        self._is_allowed = is_allowed

    async def why_not_writable(self, folder: bytes) -> str | None:
        try:
            return await self._threads.run(
                folder, partial(_why_not_writable, folder), limit_s=ANSWER_LIMIT_S
            )
        except NotAnsweringError:
            return SILENT

    async def plan(
        self, folder: bytes, wishes: Sequence[SidecarWish]
    ) -> list[PlannedSidecar | Rejected | None]:
        look = partial(_in_folder, folder, partial(_planned, wishes))
        refused, found = await self._in(folder, look)
        return [refused] * len(wishes) if found is None else found

    async def commit(
        self, folder: bytes, planned: Sequence[PlannedSidecar]
    ) -> list[WrittenMarks | Rejected]:
        write = partial(_in_folder, folder, partial(_committed, planned))
        refused, found = await self._in(folder, write)
        return [refused] * len(planned) if found is None else found

    async def _in(self, folder: bytes, work: Callable[[], T]) -> tuple[Rejected, T | None]:
        """None: nothing was done, and why."""
        if not self._is_allowed(folder):
            outside = "the folder lies outside those that may be used"
            return Rejected(ErrorCode.DIRECTORY_NOT_ALLOWED, outside), None
        try:
            done = await self._threads.run(folder, work, limit_s=ANSWER_LIMIT_S)
        except NotAnsweringError:
            return Rejected(ErrorCode.FILE_READ, SILENT), None
        except OSError as exc:
            return _refusal(exc), None
        return Rejected(ErrorCode.INTERNAL, ""), done


def _why_not_writable(folder: bytes) -> str | None:
    try:
        opened = open_path(folder, FOLDER)
    except OSError as exc:
        return exc.strerror or type(exc).__name__
    try:
        if os.fstatvfs(opened).f_flag & os.ST_RDONLY:
            return os.strerror(errno.EROFS)
        may = os.access(b".", os.W_OK | os.X_OK, dir_fd=opened, effective_ids=True)
        return None if may else os.strerror(errno.EACCES)
    finally:
        os.close(opened)


def _in_folder(folder: bytes, work: Callable[[int], T]) -> T:
    opened = open_path(folder, FOLDER)
    try:
        return work(opened)
    finally:
        os.close(opened)


@dataclass(frozen=True, slots=True)
class _Listing:
    """A folder by its names. `by_stem`: what stands before the last dot."""

    folder: int
    beside: Beside
    by_stem: Mapping[bytes, Sequence[bytes]]

    def marks(self, name: bytes, sidecar: bytes) -> dict[bytes, int]:
        """Of the files that the sidecar counts for: of the photograph in any case."""
        stem = sidecar[: -len(_SUFFIX)]
        others = [one for one in self.by_stem.get(stem, ()) if sidecar in self.sidecars(one)]
        return {one: self.mark(one) for one in dict.fromkeys((name, *others))}

    def mark(self, name: bytes) -> int:
        sidecars = self.sidecars(name)
        found = looked_at(self.folder, sidecars) if sidecars else ()
        return mark_of(found, companions_in(name, self.beside))

    def sidecars(self, name: bytes) -> tuple[bytes, ...]:
        return sidecars_of(name, self.beside)


def _listed(folder: int) -> _Listing:
    by_stem: dict[bytes, list[bytes]] = {}
    for name in map(os.fsencode, os.listdir(folder)):
        by_stem.setdefault(name.rpartition(b".")[0], []).append(name)
    return _Listing(folder, beside_in(folder), by_stem)


def _planned(wishes: Sequence[SidecarWish], folder: int) -> list[PlannedSidecar | Rejected | None]:
    listing, planned = _listed(folder), []
    for wish in wishes:
        note_alive()
        planned.append(_plan_one(wish, listing))
    return planned


def _plan_one(wish: SidecarWish, listing: _Listing) -> PlannedSidecar | Rejected | None:
    name, folder = wish.name, listing.folder
    try:
        photo = looked_at(folder, [name])
        if not photo:
            return Rejected(ErrorCode.FILE_NOT_FOUND, "the file is gone")
        if file_stat(photo[0][1]) != replace(wish.stat, sidecar_mark=0):
            changed = "the file has changed since it was imported: import it first"
            return Rejected(ErrorCode.FILE_CHANGED, changed)
        sidecar = _sidecar_for(name, listing)
        if len(sidecar) > _MOST_NAME_BYTES:
            return Rejected(ErrorCode.SIDECAR, "the sidecar's name would be too long")
        there = read_file(sidecar, folder=folder, most_bytes=MAX_EDITED_BYTES)
        data, version = there or (None, None)
        sha256 = None if data is None else hashlib.sha256(data).digest()
        record = wish.record if wish.record and wish.record.name == sidecar else None
        put = record.put_in(sha256) if record is not None else NOTHING
        edit = edited(data, wish.wanted, put)
    except XmpRefusedError as exc:
        return Rejected(ErrorCode.SIDECAR, str(exc))
    except OSError as exc:
        return _refusal(exc)
    if edit.data is None and sha256 is None:
        return None
    after = sha256 if edit.data is None else hashlib.sha256(edit.data).digest()
    assert after is not None, "there is one, or it is to be written"
    marks = listing.marks(name, sidecar)
    return PlannedSidecar(name, sidecar, edit.data, after, edit.put, marks, version)


def _sidecar_for(name: bytes, listing: _Listing) -> bytes:
    """The one that is of this photograph alone: `a.jpg.xmp`, or `a.xmp` where it says so or no
    other picture has the name; else a new `a.jpg.xmp`.
    """
    own = listing.beside.xmp.get(name, ())
    if own:
        return own[0]
    stem, _, ending = name.rpartition(b".")
    alike = [one for one in listing.by_stem.get(stem, ()) if has_image_extension(one)]
    for shared in listing.sidecars(name):
        if shared[: -len(_SUFFIX)] != stem or not shared.lower().endswith(_SUFFIX):
            continue
        there = read_file(shared, folder=listing.folder, most_bytes=MAX_EDITED_BYTES)
        extension = "" if there is None else read_xmp_sidecar(there[0]).for_extension
        is_of_it = extension == ending.decode("utf-8", "replace").lower()
        if is_of_it or (not extension and len(alike) == 1):
            return shared
    return name + _SUFFIX


def _committed(planned: Sequence[PlannedSidecar], folder: int) -> list[WrittenMarks | Rejected]:
    done = []
    for one in planned:
        note_alive()
        done.append(_commit_one(one, folder))
    os.fsync(folder)
    listing = _listed(folder)
    return [
        WrittenMarks(listing.marks(plan.name, plan.sidecar)) if refused is None else refused
        for plan, refused in zip(planned, done, strict=True)
    ]


def _commit_one(plan: PlannedSidecar, folder: int) -> Rejected | None:
    if plan.data is None:
        return None
    before = plan.version
    assert before is None or isinstance(before, Identity)
    try:
        if put_file(plan.sidecar, plan.data, folder=folder, before=before):
            return None
        there = read_file(plan.sidecar, folder=folder, most_bytes=MAX_EDITED_BYTES)
        if there is not None and there[0] == plan.data:
            return None  # as this call left it, when it was made the first time
    except OSError as exc:
        if exc.errno in _FULL:
            raise DiskFull("There is no space for a sidecar.") from exc
        return _refusal(exc)
    return Rejected(ErrorCode.FILE_CHANGED, "the sidecar was changed while it was written")


def _refusal(exc: OSError) -> Rejected:
    """Raises ServiceOverloaded when it is our own lack of descriptors or memory."""
    if (ours := resource_shortage(exc)) is not None:
        raise ours from exc
    said = exc.strerror or str(exc)
    if exc.errno in _READ_ONLY:
        return Rejected(ErrorCode.ROOT_READ_ONLY, f"nothing can be written there: {said}")
    if exc.errno == errno.ENOENT:
        return Rejected(ErrorCode.FILE_NOT_FOUND, f"the folder is gone: {said}")
    return Rejected(ErrorCode.SIDECAR, f"the sidecar cannot be written: {said}")
