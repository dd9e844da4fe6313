"""Makes a data folder with this checkout's real services, and packs it with its photos.

python -m tests.old_data.make ARCHIVE
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.conftest import Services, service_pair
from tests.e2e.rest import Rest, rest
from tests.old_data.expected import all_jobs, answers, rows_by_table, vectors_by_id
from tests.old_data.photos import DRAWN, FIRST, LATER, MOVED, PHOTOS, TRIP, paint, paint_all

KEY = "the key of the old data folder"
CAPTIONED: dict[str, Any] = {"collection": "captioned", "captions": True}
SETTINGS = {
    "INGEST_ROOTS": f"{PHOTOS}:{FIRST}",
    "ML_INFERENCE_BATCH_SIZE": "1",  # so that a job can be stopped half-way
    "STORE_LINGER_S": "0.05",
    "WATCH_DEBOUNCE_S": "0.2",
}
THIS_CODE = {"PYTHONPATH": str(Path(__file__).parents[2])}
LEFT_OUT = ("photoseek.lock", "up.lock", "local-secret")


@contextmanager
def orchestrator(pair: Services, *, is_killed: bool = False, **settings: str) -> Iterator[Rest]:
    pair.orchestrator.start(wait=True, **THIS_CODE, **SETTINGS, **settings)
    with rest(pair.orchestrator.url) as api:
        yield api
    if is_killed:
        pair.orchestrator.kill()
    else:
        pair.orchestrator.stop()


def start_inference(pair: Services) -> None:
    pair.inference.start(wait=True, **THIS_CODE, BLIP_MODEL="tiny-captions")


def fill(pair: Services) -> None:
    with orchestrator(pair, API_KEY=KEY) as api:
        api.call("POST", "/session", json={"key": KEY})
        api.call("POST", "/roots", json={"path": str(DRAWN)}, headers={"X-API-Key": KEY})
    start_inference(pair)
    with orchestrator(pair) as api:
        api.call("POST", "/collections", json={"name": "captioned"})
        watching = api.ingested(TRIP, **CAPTIONED, watch=True)
        paint(TRIP / "neu.png", 63)
        api.until(watching["job_id"], lambda _: has_watched(api))
        drawn = api.ingested(DRAWN)
        api.ended(api.call("POST", f"/jobs/{drawn['job_id']}/retry-failed")["job_id"])
        api.ingested(FIRST)
        shutil.move(FIRST, MOVED)
        moved = {"from": str(FIRST), "to": str(MOVED)}
        api.call("POST", "/collections/default/roots/repoint", json=moved)
        api.ingested(MOVED)
        for number in (19, 20):
            next(DRAWN.rglob(f"{number}.*")).unlink()
        assert api.ingested(DRAWN, sync=True)["removed"] == 2
        end_badly(pair, api)
    stop_half_way(pair)


def has_watched(api: Rest) -> bool:
    jobs = [job for job in all_jobs(api) if job["origin"] == "watch"]
    return [job["state"] for job in jobs] == ["completed"]


def end_badly(pair: Services, api: Rest) -> None:
    """One job fails, one is cancelled."""
    folder = DRAWN / "kurz da"
    pair.inference.stop()
    paint(folder / "64.jpg", 64)
    failed, cancelled = api.start(folder), api.start(TRIP, **CAPTIONED)
    for job_id in (failed, cancelled):
        api.until(job_id, is_waiting)
    api.call("POST", f"/jobs/{cancelled}/cancel")
    shutil.rmtree(folder)
    start_inference(pair)
    assert api.ended(failed)["state"] == "failed"


def is_waiting(job: Any) -> bool:
    return bool(job["state"] == "waiting_for_ml")


def stop_half_way(pair: Services) -> None:
    """A job is killed with files in work, waits after the next start, and is paused."""
    with orchestrator(pair, is_killed=True) as api:
        paused = api.start(LATER, **CAPTIONED)
        api.until(paused, lambda job: job["counts"]["embedded"] > 2)
        pair.inference.kill()
        api.until(paused, is_waiting)
    with orchestrator(pair) as api:
        api.until(paused, is_waiting)
        counts = api.call("POST", f"/jobs/{paused}/pause")["counts"]
        assert counts["pending"] > 2, f"the service was killed too late, try again: {counts}"


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return None if Path(member.name).name in LEFT_OUT else member


def main(archive: str) -> None:
    for path in (PHOTOS, FIRST):
        assert not path.exists(), f"{path} is there already"
    with TemporaryDirectory(prefix="photoseek-old-") as folder:
        pair = service_pair(Path(folder))
        try:
            paint_all()
            fill(pair)
            start_inference(pair)
            with orchestrator(pair) as api:
                expected = {"photos": str(PHOTOS), **answers(api, pair.inference.url)}
            expected["vectors"] = vectors_by_id(pair.data_dir)
            expected["tables"] = rows_by_table(pair.data_dir)
            written = Path(folder, "expected.json")
            written.write_text(json.dumps(expected, ensure_ascii=False, indent=1))
            with tarfile.open(archive, "w:xz", preset=9) as packed:
                packed.add(pair.data_dir, "data", filter=without_owner)
                packed.add(PHOTOS, "photos", filter=without_owner)
                packed.add(written, "expected.json", filter=without_owner)
        finally:
            pair.orchestrator.kill()
            pair.inference.kill()
            shutil.rmtree(PHOTOS, ignore_errors=True)
            shutil.rmtree(FIRST, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
