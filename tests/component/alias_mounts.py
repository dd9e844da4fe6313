"""Run as root in a mount namespace of its own: imports of folders that are mounted twice.

Prints one line of JSON: after each import the collection's pictures and roots.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio

from tests.component.bind_mounts import mount
from tests.component.orchestrator_app import Running, orchestrator, paint


async def told(running: Running, directory: Path, folder: Path, **options: object) -> list[object]:
    body = {"directory_path": str(directory), **options}
    response = await running.post("/ingest", body)
    assert response.status_code == 202, response.text
    job: Any = await running.ended(response.json()["job_id"])
    kept = await running.get(f"/collections/{options.get('collection', 'default')}")
    roots = [str(Path(root).relative_to(folder)) for root in kept["roots"]]
    return [kept["count"], job["counts"]["unchanged"], job["links_skipped"], roots]


async def main(folder: Path) -> None:
    photos, inner = folder / "photos", folder / "photos" / "2024"
    for number in range(3):
        paint(photos / f"{number}.png", "red", side_px=10 + number)
        paint(inner / f"{number}.png", "blue", side_px=10 + number)
    for name in ("whole", "part", "photos/again", "hidden", "photos/.store", "photos/shown"):
        (folder / name).mkdir(parents=True)
    paint(photos / ".store" / "a.png", "green")
    mount("--bind", photos, folder / "whole")
    mount("--bind", inner, folder / "part")
    steps: dict[str, object] = {}
    async with orchestrator(folder, ingest_roots=(folder,)) as running:
        steps["inner"] = await told(running, folder / "part", folder)
        steps["inner again"] = await told(running, inner, folder)
        steps["above"] = await told(running, folder / "whole", folder)
        steps["above again"] = await told(running, photos, folder)
        mount("--bind", inner, photos / "again")
        mount("--bind", photos / ".store", photos / "shown")
        await running.post("/collections", {"name": "other"})
        steps["with mounts"] = await told(running, photos, folder, collection="other")
        steps["again"] = await told(running, photos / "again", folder, collection="other")
        steps["part"] = await told(running, folder / "part", folder, collection="other")
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
