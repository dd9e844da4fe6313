"""One folder, mounted at two places: under which path a collection knows it already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_table
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules


class SameFolders:
    """As things were mounted when this was made. Paths are absolute and without links. Blocking.

    Elsewhere than on Linux every folder is known under its own path alone.
    """

    def __init__(self, rules: ExcludeRules) -> None:
        self._rules = rules
        self._mounts = {mount.point: (mount.device, mount.folder) for mount in mount_table()}
        self._roots: dict[bytes, dict[tuple[int, int], bytes]] = {}  # of a device

    def path_in(self, folder: bytes, roots: Sequence[bytes]) -> bytes:
        """Where a scan of the roots meets the folder, or would above them; else its own path."""
        for root in roots:
            for path in self._candidates(folder, root):
                if path == folder:
                    return folder
                if _is_same(path, folder) and not self._is_passed_over(path, root):
                    return path
        return folder

    def is_met_elsewhere(
        self, folder: bytes, status: os.stat_result, roots: Sequence[bytes], *, is_mounted: bool
    ) -> bool:
        """Whether the folder is a root under another path, or is mounted at another path, too."""
        device = self._place(folder)[0]
        if device not in self._roots:
            # Only those: a root on another file system, which may not answer, is not asked.
            there = [root for root in roots if self._place(root)[0] == device]
            self._roots[device] = {one: root for root in there if (one := _identity(root))}
        if self._roots[device].get((status.st_dev, status.st_ino), folder) != folder:
            return True
        return is_mounted and self.path_in(folder, roots) != folder

    def _candidates(self, folder: bytes, root: bytes) -> Iterator[bytes]:
        device, inside = self._place(folder)
        root_device, root_inside = self._place(root)
        if device != root_device:
            return
        if is_within(inside, root_inside):
            yield _joined(root, inside[len(root_inside.rstrip(b"/")) :])
        elif is_within(root_inside, inside):
            below = root_inside[len(inside.rstrip(b"/")) :]
            if root.endswith(below):
                yield root[: len(root) - len(below)] or b"/"

    def _place(self, path: bytes) -> tuple[bytes, bytes]:
        """The device, and the path in its own file system, wherever that is mounted."""
        point = path
        while point not in self._mounts and point.rstrip(b"/"):
            point = point.rstrip(b"/").rpartition(b"/")[0] or b"/"
        device, mounted = self._mounts.get(point, (b"", b"/"))
        return device, _joined(mounted, path[len(point.rstrip(b"/")) :])

    def _is_passed_over(self, path: bytes, root: bytes) -> bool:
        while is_within(path, root) and path != root:
            if self._rules.excludes_folder(path):
                return True
            path = path.rpartition(b"/")[0] or b"/"
        return False


def _joined(folder: bytes, below: bytes) -> bytes:
    return folder.rstrip(b"/") + below.rstrip(b"/") or b"/"


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_same(path: bytes, other: bytes) -> bool:
    identity = _identity(path)
    return identity is not None and identity == _identity(other)
