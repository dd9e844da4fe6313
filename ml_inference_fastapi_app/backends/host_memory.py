"""How much of the machine's memory this process may use; a container's limit counts."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUPS = Path("/sys/fs/cgroup")
_UNLIMITED_BYTES = 1 << 60  # cgroup v1 says "no limit" as a huge number


def resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def usable_bytes() -> int:
    """What this process holds now, and what it could have besides."""
    resident = resident_bytes()
    room = int(psutil.virtual_memory().available)
    own = Path("/proc/self/cgroup")
    groups = own.read_text("ascii") if own.is_file() else ""
    return resident + min([room, *cgroup_rooms(groups, _CGROUPS)])


def cgroup_rooms(groups: str, root: Path) -> list[int]:
    """Bytes left under each memory limit that holds; `groups` is /proc/self/cgroup's text.

    A limit holds for everything below it, so each folder up to the root is asked.
    """
    rooms = []
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "memory" if controllers else root
        limit_name, use_name = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if controllers
            else ("memory.max", "memory.current")
        )
        folder = base / path.strip("/")
        for place in (folder, *folder.parents):
            limit = _number(place / limit_name)
            use = _number(place / use_name)
            if limit is not None and use is not None and limit < _UNLIMITED_BYTES:
                rooms.append(max(0, limit - use))
            if place == base:
                break
    return rooms


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):  # absent, or "max"
        return None
