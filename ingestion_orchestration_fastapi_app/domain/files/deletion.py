"""When a file that a scan did not meet is gone for good, and when nothing may be removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ingestion_orchestration_fastapi_app.domain.files.identity import folders_above, is_within

GUARD_FILES = 10  # so few may always be missing, unless nothing else is there


def guarded(missing: int, found: int, *, percent: float) -> bool:
    """Whether so many are missing, of those once stored, that somebody must confirm it."""
    if not missing or not found:
        return missing > 0
    return missing > GUARD_FILES and missing * 100 > percent * (missing + found)


def protected(path: bytes, folders: Collection[bytes]) -> bool:
    """Whether the path is one of the folders or lies in one. All are absolute."""
    return any(one in folders for one in _upwards(path))


def is_absent(*, is_bare: bool, is_other: bool, has_unchanged: bool) -> bool:
    """Whether a root is not there: then nothing in it is gone, whoever confirms that.

    Args:
        is_bare: its folder holds nothing that a scan looks at, is missing, or cannot be listed.
        is_other: another file system, or another part of one, is where its files were stored.
        has_unchanged: some of its files were found as they were.
    """
    return is_bare or (is_other and not has_unchanged)


def changed_devices(
    known: Mapping[bytes, int],
    now: Mapping[bytes, int],
    directory: bytes,
    *,
    unlisted: Collection[bytes] = (),
) -> dict[bytes, int]:
    """Folders in the directory that are on another file system than they were, and on which.

    Args:
        known: devices by folder, of earlier scans, anywhere.
        now: of this scan: the directory's own, and those of the mounts in it.
        unlisted: folders of which the scan could not say what they are on.
    """
    then = {path: device for path, device in known.items() if is_within(path, directory)}
    above = device_at(directory, known)
    if above is not None:
        then.setdefault(directory, above)
    seen = {path: device_at(path, now) for path in then if not protected(path, unlisted)}
    return {
        path: device for path, device in seen.items() if device is not None and device != then[path]
    }


def device_at(path: bytes, devices: Mapping[bytes, int]) -> int | None:
    """Of the closest folder, the path itself or above it, whose device is known."""
    return next((devices[one] for one in _upwards(path) if one in devices), None)


def _upwards(path: bytes) -> Iterator[bytes]:
    """The path and every folder above it; the deepest first."""
    yield path
    yield from folders_above(path)


def relative_range(root: bytes, directory: bytes) -> tuple[bytes, bytes | None] | None:
    """Between which paths, relative to the root, the directory's files lie; None: there are none.

    Both ends are outside the range. No upper end: all paths above the lower one.
    """
    if is_within(root, directory):
        return b"", None
    if not is_within(directory, root):
        return None
    relative = directory[len(root.rstrip(b"/")) + 1 :].rstrip(b"/")
    return relative + b"/", relative + b"0"  # "0" follows "/" in ASCII
