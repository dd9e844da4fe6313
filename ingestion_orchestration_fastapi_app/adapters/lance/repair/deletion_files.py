"""A table's deletion files that cannot be read: which they are, and empty ones in their place.

Blocking: call it from a worker thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection

import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.errors import is_moment
from ingestion_orchestration_fastapi_app.adapters.lance.sync import sync_path

_FOLDER = "_deletions"
_NAME = re.compile(r"(\d+)-\d+-\d+\.(arrow|bin)")  # the fragment comes first
_EMPTY_BITMAP = b"\x3a\x30\x00\x00\x00\x00\x00\x00"  # a roaring bitmap of nothing


def unreadable(folder: str, error: BaseException, tried: Collection[str]) -> set[str]:
    """Names of those that may be why Lance cannot read the table's deletions; never one tried.

    Those that Lance speaks of (they may be gone) and those whose form is wrong. A bitmap shows
    nothing of its form: they come where all others are well.
    """
    said = str(error)
    found = {match.group() for match in _NAME.finditer(said)} if _FOLDER in said else set()
    bitmaps = set()
    os.makedirs(os.path.join(folder, _FOLDER), exist_ok=True)  # it may be gone as a whole
    with os.scandir(os.path.join(folder, _FOLDER)) as entries:
        for entry in entries:
            if entry.name.endswith(".bin"):
                bitmaps.add(entry.name)
            elif entry.name.endswith(".arrow") and not _is_well_formed(entry.path):
                found.add(entry.name)
    return found - set(tried) or bitmaps - set(tried)


def replace(folder: str, names: Collection[str]) -> set[int]:
    """Puts empty ones in their places.

    Returns the fragments that they are of: all of their rows must go now, since which were
    deleted is not known any more.
    """
    fragments = set()
    for name in names:
        match = _NAME.fullmatch(name)
        assert match is not None, name
        fragments.add(int(match[1]))
        path = os.path.join(folder, _FOLDER, name)
        with open(f"{path}.new", "wb") as file:
            file.write(_EMPTY_BITMAP if match[2] == "bin" else _no_rows())
        sync_path(f"{path}.new")
        if os.path.isdir(path) and not os.path.islink(path):
            os.rename(path, f"{path}.folder")
        os.replace(f"{path}.new", path)
    return fragments


def _is_well_formed(path: str) -> bool:
    try:
        with pa.OSFile(path) as file:
            pa.ipc.open_file(file).read_all().validate(full=True)
    except (OSError, pa.ArrowException) as exc:
        if is_moment(exc):
            raise
        return False
    return True


def _no_rows() -> bytes:
    schema = pa.schema([pa.field("row_id", pa.uint32(), nullable=False)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.record_batch([pa.array([], pa.uint32())], schema=schema))
    return bytes(sink.getvalue())
