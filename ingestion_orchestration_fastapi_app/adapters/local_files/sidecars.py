"""Sidecars, XMP and Takeout's JSON: which belongs to which file, and when one has changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.domain.scanning.foreign_files import MARK_NAMES
from utils.imaging.formats import has_image_extension, is_sidecar
from utils.metadata.beside.takeout_names import Key, json_key, json_of
from utils.metadata.xmp import MAX_XMP_BYTES

_SUFFIX_BYTES = 4
_MARK_NAMES = frozenset(map(bytes.decode, MARK_NAMES))
# Every spelling, so that one call tells: it is asked of each name in the library.
_SUFFIXES = tuple("." + "".join(name) for name in product("xX", "mM", "pP"))
_JSON_SUFFIXES = (".json", ".JSON")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a folder holds beside photographs, by name alone.

    `xmp`: XMP files by what stands before their suffix. `takeout`: Google's JSON by what it is
    looked for under. `marks` say whose the folder is.
    """

    xmp: Mapping[bytes, Sequence[bytes]]
    takeout: Mapping[Key, bytes]
    marks: frozenset[bytes]


def beside_in(folder: int) -> Beside:
    """Lists the folder once, looks at no file.

    Raises:
        OSError: the folder cannot be listed.
    """
    xmp: dict[bytes, list[bytes]] = defaultdict(list)
    takeout: dict[Key, bytes] = {}
    marks: set[bytes] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIXES):
                name = os.fsencode(entry.name)
                xmp[name[:-_SUFFIX_BYTES]].append(name)
            elif entry.name.endswith(_JSON_SUFFIXES):
                key = json_key(entry.name)
                if key is not None:
                    takeout[key] = os.fsencode(entry.name)
            elif entry.name in _MARK_NAMES:
                marks.add(os.fsencode(entry.name))
    names_by_stem = {stem: sorted(names) for stem, names in xmp.items()}
    return Beside(names_by_stem, takeout, frozenset(marks))


def sidecars_of(name: bytes, beside: Beside) -> tuple[bytes, ...]:
    """`a.jpg.xmp`, then `a.xmp`, which files of that name share, then Google's JSON.

    What names an extension belongs to that file alone: `a.nef.xmp` is not of `a.nef.jpg`.
    No sidecar has its own.
    """
    if not (beside.xmp or beside.takeout) or is_sidecar(name):
        return ()
    stem = name.rpartition(b".")[0]
    shared = () if has_image_extension(stem) else beside.xmp.get(stem, ())
    json = json_of(os.fsdecode(name), beside.takeout)
    return (*beside.xmp.get(name, ()), *shared, *(() if json is None else (json,)))


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
