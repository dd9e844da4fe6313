"""XMP files beside photographs: which belongs to which, and when one of them has changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.domain.scanning.foreign_files import MARK_NAMES
from utils.metadata.xmp import MAX_XMP_BYTES

_SUFFIX_BYTES = 4
_MARK_NAMES = frozenset(map(bytes.decode, MARK_NAMES))
# Every spelling, so that one call tells: it is asked of each name in the library.
_SUFFIXES = tuple("." + "".join(name) for name in product("xX", "mM", "pP"))
_BYTE_SUFFIXES = tuple(map(str.encode, _SUFFIXES))


def sidecars_and_marks(folder: int) -> tuple[dict[bytes, list[bytes]], set[bytes]]:
    """The XMP files by what stands before their suffix, and what says whose the folder is.

    Lists the folder once, looks at no file.

    Raises:
        OSError: the folder cannot be listed.
    """
    found: dict[bytes, list[bytes]] = defaultdict(list)
    marks: set[bytes] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIXES):
                name = os.fsencode(entry.name)
                found[name[:-_SUFFIX_BYTES]].append(name)
            elif entry.name in _MARK_NAMES:
                marks.add(os.fsencode(entry.name))
    return {stem: sorted(names) for stem, names in found.items()}, marks


def sidecars_of(name: bytes, found: Mapping[bytes, Sequence[bytes]]) -> tuple[bytes, ...]:
    """`a.jpg.xmp` before `a.xmp`, which other files of that name share. None has its own."""
    if not found or name.endswith(_BYTE_SUFFIXES):
        return ()
    return (*found.get(name, ()), *found.get(name.rpartition(b".")[0], ()))


def looked_at(folder: int, names: Iterable[bytes]) -> list[tuple[bytes, os.stat_result]]:
    """Those that are regular files now. `folder` is a descriptor."""
    found = []
    for name in names:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((name, status))
    return found


def read_sidecar(folder: int, name: bytes) -> bytes:
    """Empty where it cannot be read: the photograph can do without."""
    opened = open_regular(name, folder=folder)
    if not isinstance(opened, int):
        return b""
    try:
        return os.pread(opened, MAX_XMP_BYTES, 0)
    except OSError:
        return b""
    finally:
        os.close(opened)


def mark_of(found: Iterable[tuple[bytes, os.stat_result]]) -> int:
    """64 bits, signed, over names, sizes and times; 0 only where there is none."""
    digest = hashlib.blake2b(digest_size=8)
    none = True
    for name, status in found:
        none = False
        known = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        digest.update(b"%s\0%d %d %d\0" % (name, *known))
    return 0 if none else int.from_bytes(digest.digest(), signed=True) or 1
