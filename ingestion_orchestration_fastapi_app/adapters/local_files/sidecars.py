"""What lies beside a file: sidecars (XMP, Takeout's JSON) and companions of one shot."""

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
from utils.metadata.beside.companions import companions_of, kind_of, stem_of
from utils.metadata.beside.takeout_names import Key, json_key, json_of
from utils.metadata.xmp_packet import MAX_XMP_BYTES

_SUFFIX_BYTES = 4
_MARK_NAMES = frozenset(map(bytes.decode, MARK_NAMES))
# Every spelling, so that one call tells: it is asked of each name in the library.
_SUFFIXES = tuple("." + "".join(name) for name in product("xX", "mM", "pP"))
_MAX_SHOTS = 100_000  # of a folder; what is beyond is a file without companions
_JSON_SUFFIXES = (".json", ".JSON")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a folder holds beside photographs, by name alone.

    `xmp`: XMP files by what stands before their suffix. `takeout`: Google's JSON by what it is
    looked for under. `shots`: RAWs, films and what is beside them, by stem. `marks` say whose the
    folder is.
    """

    xmp: Mapping[bytes, Sequence[bytes]]
    takeout: Mapping[Key, bytes]
    shots: Mapping[bytes, Sequence[bytes]]
    marks: frozenset[bytes]


def beside_in(folder: int) -> Beside:
    """Lists the folder once, and once more where it holds RAWs or films. Looks at no file.

    Raises:
        OSError: the folder cannot be listed.
    """
    xmp: dict[bytes, list[bytes]] = defaultdict(list)
    takeout: dict[Key, bytes] = {}
    marks: set[bytes] = set()
    shots: dict[bytes, list[bytes]] = {}
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
            elif kind_of(entry.name) in ("raw", "film") and len(shots) < _MAX_SHOTS:
                _add(shots, os.fsencode(entry.name))
    if shots:
        with os.scandir(folder) as entries:
            for entry in entries:
                if kind_of(entry.name) == "rendered":
                    _add(shots, os.fsencode(entry.name), only_known=True)
    names_by_stem = {stem: sorted(names) for stem, names in xmp.items()}
    return Beside(names_by_stem, takeout, shots, frozenset(marks))


def _add(shots: dict[bytes, list[bytes]], name: bytes, *, only_known: bool = False) -> None:
    stem = stem_of(name)
    if not only_known or stem in shots:
        shots.setdefault(stem, []).append(name)


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


def companions_in(name: bytes, beside: Beside) -> tuple[bytes, ...]:
    if not beside.shots:
        return ()
    return companions_of(name, beside.shots.get(stem_of(name), ()))


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


def mark_of(found: Iterable[tuple[bytes, os.stat_result]], companions: Iterable[bytes] = ()) -> int:
    """64 bits, signed, over names, sizes and times of sidecars and names of companions; 0 only
    where there is neither."""
    digest = hashlib.blake2b(digest_size=8)
    none = True
    for name, status in found:
        none = False
        known = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        digest.update(b"%s\0%d %d %d\0" % (name, *known))
    for name in companions:
        none = False
        digest.update(b"\0with %s\0" % name)
    return 0 if none else int.from_bytes(digest.digest(), signed=True) or 1
