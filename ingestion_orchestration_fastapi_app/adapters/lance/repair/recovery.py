"""Start-up check of a table on a local folder: is the newest version whole, and if not, which is.

After a power loss the newest files may be short, empty, zeroed or absent, in any combination.
Lance opens a zeroed manifest as an empty table, so its word is not enough.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import anyio
import lancedb
import numpy as np
import pyarrow as pa
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    LANCE_ERRORS,
    DamagedError,
    NoTableError,
    is_damage,
    is_moment,
)
from ingestion_orchestration_fastapi_app.adapters.lance.repair import damage
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.adapters.lance.sync import TABLE_FOLDERS, sync_path
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened

TORN_FOLDER = ".torn"

_NEWEST = 2**64 - 1  # Lance names a manifest so that the newest sorts first
_MANIFEST = ".manifest"
_ALONE = "table"
_HINT = "latest_version_hint.json"
_ID_CHARACTERS = 36
_SCAN_ROWS = 8192
# Room for any partition of an index: with too small a cache Lance was seen to wait for ever.
CHECK_CACHE_BYTES = (1024**3, 64 * 1024**2)


def manifests(folder: str) -> dict[int, str]:
    """Version to file name, newest first."""
    try:
        names = os.listdir(os.path.join(folder, "_versions"))
    except FileNotFoundError:
        return {}
    found = {version: name for name in names if (version := version_of(name)) is not None}
    return dict(sorted(found.items(), reverse=True))


def version_of(name: str) -> int | None:
    """None for what is no manifest."""
    stem = name.removesuffix(_MANIFEST)
    if stem == name or not stem.isdigit():
        return None
    return _NEWEST - int(stem) if len(stem) == len(str(_NEWEST)) else int(stem)


def candidates(versions: Iterable[int], synced_version: int | None) -> Iterator[int]:
    """The newest, then the one known to be synced, then all others downwards."""
    newest_first = sorted(versions, reverse=True)
    preferred = [*newest_first[:1], *(v for v in newest_first if v == synced_version)]
    yield from dict.fromkeys([*preferred, *newest_first])


async def recover(
    store: str, name: str, *, synced_version: int | None, threads: anyio.CapacityLimiter
) -> Opened:
    """Leaves the table with a newest version that is whole; moves torn ones aside.

    Raises:
        DamagedError: no version is whole. Nothing was moved.
        NoTableError: there is no table.
    """
    folder = os.path.join(store, f"{name}.lance")
    versions = await to_thread.run_sync(manifests, folder, limiter=threads)
    if not versions:
        raise NoTableError(name)
    version = await _newest_whole(folder, versions, synced_version=synced_version)
    if version is None and set(versions) == {1}:
        # Torn while it was created: it never held a row, so nothing is lost by creating it again.
        await to_thread.run_sync(set_aside, store, folder, versions.values(), limiter=threads)
        raise NoTableError(name)
    if version is None:
        raise DamagedError("no version of its table is whole")
    newer = [file for number, file in versions.items() if number > version]
    if newer:
        await to_thread.run_sync(set_aside, store, folder, newer, limiter=threads)
    lost = synced_version is not None and version < synced_version
    return Opened(version, restored=bool(newer) or lost)


async def _newest_whole(
    folder: str, versions: Mapping[int, str], *, synced_version: int | None
) -> int | None:
    """Scans versions as `candidates` orders them, until one is whole."""
    trusted: set[int] = set()  # fragments whose files were synced long ago
    if synced_version is not None and synced_version in versions:
        found = await _fragments(folder, versions[synced_version], trusted=None)
        if found is None and await _opens(folder, versions[synced_version], with_rows=True):
            # What was synced is no torn write: it was damaged since. An older version would only
            # lack more of it; the next import mends this one.
            newest = max(versions)
            is_whole = await _fragments(folder, versions[newest], trusted=set()) is not None
            return newest if is_whole else synced_version
        trusted = found or set()
        if trusted and synced_version == max(versions):
            return synced_version
    for version in candidates(versions, synced_version):
        trust = None if version == synced_version else trusted
        if await _fragments(folder, versions[version], trusted=trust) is not None:
            return version
    return None


async def set_old_versions_aside(
    store: str, name: str, *, threads: anyio.CapacityLimiter
) -> list[str]:
    """Moves aside the manifests of replaced versions that cannot be read, and returns their names.

    Nothing needs them, and Lance reads every one that is there when it compacts or prunes.
    """
    folder = os.path.join(store, f"{name}.lance")
    versions = await to_thread.run_sync(manifests, folder, limiter=threads)
    torn = [file for file in list(versions.values())[1:] if not await _opens(folder, file)]
    if torn:
        await to_thread.run_sync(set_aside, store, folder, torn, limiter=threads)
    return torn


async def _opens(folder: str, manifest: str, *, with_rows: bool = False) -> bool:
    """Whether the manifest itself can be read, and, if asked, names rows."""
    session = lancedb.Session(*CHECK_CACHE_BYTES)
    try:
        with _alone(folder, manifest) as store:
            connection = await lancedb.connect_async(store, session=session)
            handle = await connection.open_table(_ALONE)
            if await handle.version() != version_of(manifest):
                return False
            return not with_rows or bool(await handle.count_rows())
    except BaseException as exc:
        if is_moment(exc) or not is_damage(exc):
            raise
        return False


async def _fragments(folder: str, manifest: str, *, trusted: set[int] | None) -> set[int] | None:
    """The version's fragments, or None if it is torn.

    Reads all ids, and whole every fragment that is not trusted; None trusts all.
    """
    with _alone(folder, manifest) as store:
        # A session of its own: caches that outlive a torn file would vouch for it.
        session = lancedb.Session(*CHECK_CACHE_BYTES)
        connection = await lancedb.connect_async(store, session=session)
        try:
            handle = await connection.open_table(_ALONE)
            if await handle.version() != version_of(manifest):
                return None
            fragments = await _scan_ids(handle)
            if trusted is not None:
                there = await damage.fragments(handle)
                found = await damage.look(
                    handle, there, set(there) - trusted, rows=None, indexes=True
                )
                if found.any:
                    return None
        except (*LANCE_ERRORS, ValueError, pa.ArrowException, DamagedError):
            return None
        return fragments


@contextmanager
def _alone(folder: str, manifest: str) -> Iterator[str]:
    """A store in which this is the table's only version: Lance reads the newest before any other,
    and the newest may be torn.
    """
    with tempfile.TemporaryDirectory() as store:
        table = os.path.join(store, f"{_ALONE}.lance")
        os.makedirs(os.path.join(table, "_versions"))
        for name in os.listdir(folder):
            if name != "_versions":
                os.symlink(os.path.join(folder, name), os.path.join(table, name))
        shutil.copy(os.path.join(folder, "_versions", manifest), os.path.join(table, "_versions"))
        yield store


async def _scan_ids(handle: Any) -> set[int]:
    """Reads every row's id. Returns the fragments that have rows."""
    fragments: set[int] = set()
    rows = 0
    query = handle.query().select([ID, "_rowaddr"])
    async for batch in await query.to_batches(max_batch_length=_SCAN_ROWS):
        lengths = pa.compute.utf8_length(batch[ID])
        if pa.compute.any(pa.compute.not_equal(lengths, _ID_CHARACTERS)).as_py():
            raise DamagedError("an id is not an id")
        addresses = batch["_rowaddr"].to_numpy(zero_copy_only=False)
        fragments.update(int(number) for number in np.unique(addresses >> np.uint64(32)))
        rows += batch.num_rows
    if rows != await handle.count_rows():
        raise DamagedError("rows are missing")
    return fragments


def set_table_aside(store: str, name: str) -> None:
    """Moves a table away as a whole, that another can be made in its place. Blocking."""
    folder = os.path.join(store, f"{name}.lance")
    target = _place_aside(store, folder)
    os.rename(folder, os.path.join(target, "table"))
    for path in (target, os.path.dirname(target), store):
        sync_path(path)


def set_no_folders_aside(store: str, name: str) -> bool:
    """Moves away what stands where the table, or a folder of it, should be. Blocking.

    Returns whether there was any: Lance can neither read nor make it anew.
    """
    folder = os.path.join(store, f"{name}.lance")
    places = (folder, *(os.path.join(folder, part) for part in TABLE_FOLDERS))
    found = [place for place in places if os.path.lexists(place) and not os.path.isdir(place)]
    for place in found:
        target = _place_aside(store, folder)
        os.rename(place, os.path.join(target, os.path.basename(place)))
        sync_path(target)
        sync_path(os.path.dirname(place))
    return bool(found)


def _place_aside(store: str, table_folder: str) -> str:
    room = os.path.join(store, TORN_FOLDER, os.path.basename(table_folder))
    os.makedirs(room, exist_ok=True)
    number = 1 + max((int(n) for n in os.listdir(room) if n.isdigit()), default=0)
    target = os.path.join(room, str(number))
    os.makedirs(target)
    return target


def set_aside(store: str, table_folder: str, names: Iterable[str]) -> str:
    """Moves manifests out of the table: never deleted, so that a person can look. Blocking."""
    target = _place_aside(store, table_folder)
    room = os.path.dirname(target)
    versions = os.path.join(table_folder, "_versions")
    for name in (*names, _HINT):  # the hint names the newest version
        try:
            os.rename(os.path.join(versions, name), os.path.join(target, name))
        except FileNotFoundError:
            if name != _HINT:
                raise
    for folder in (target, room, os.path.dirname(room), store, versions):
        sync_path(folder)
    return target
