"""Run as root in a mount namespace of its own: sync while a bind mount comes and goes.

Prints one line of JSON: what each import removed, warned of and kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio

from tests.component.orchestrator_app import Running, orchestrator, paint


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(point: Path) -> None:
    subprocess.run(["umount", point], check=True)


async def told(running: Running, *, about: Path, **options: object) -> dict[str, object]:
    job: Any = await running.ingested(sync=True, **options)
    kept = await running.get("/collections/default")
    return {
        "state": job["state"],
        "removed": job["removed"],
        "warned": any(str(about) in warning for warning in job["warnings"]),
        "kept": kept["count"],
    }


async def main(folder: Path) -> None:
    """Of the same disk: by `st_dev` nothing tells the mounted folder from what it covers."""
    photos, elsewhere, other = folder / "photos", folder / "elsewhere", folder / "other"
    disk = photos / "disk"
    for number in range(60):
        paint(photos / "kept" / f"{number}.png", "red", side_px=10 + number)
    for number in range(5):
        paint(elsewhere / f"{number}.png", "blue", side_px=10 + number)
    other.mkdir()
    disk.mkdir()
    assert disk.stat().st_dev == elsewhere.stat().st_dev
    steps: dict[str, object] = {}
    mount("--bind", elsewhere, disk)
    async with orchestrator(folder) as running:
        steps["first"] = await told(running, about=disk)
        unmount(disk)
        steps["absent"] = await told(running, about=disk)
        mount("--bind", other, disk)
        steps["another"] = await told(running, about=disk)
        unmount(disk)
        mount("--bind", elsewhere, disk)
        (elsewhere / "0.png").unlink()
        steps["back"] = await told(running, about=disk)
        unmount(disk)
        steps["confirmed"] = await told(running, about=disk, confirm_deletes=True)
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
