"""What a version says of its data folder, so that a later one can be held to it."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import lancedb
import numpy as np

from tests.e2e.rest import Rest

QUERIES = ("a red circle", "a yellow star on a blue background")


def base64_of(vector: Any) -> str:
    """Of little-endian float32."""
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def all_jobs(api: Rest) -> list[Any]:
    return list(api.call("GET", "/jobs", params={"limit": 200})["jobs"])


def answers(api: Rest, inference_url: str) -> dict[str, Any]:
    """Every collection, image and job; of each search the ids, and the scores with 4 digits."""
    with httpx.Client(base_url=inference_url + "/api/v1", trust_env=False) as ml:
        vectors = [  # each by itself, as a search sends it: in company they differ a little
            ml.post("/embed_text", json={"texts": [query]}).json()["embeddings"][0]
            for query in QUERIES
        ]
        capabilities = ml.get("/capabilities").json()
    collections = list(api.call("GET", "/collections")["collections"])
    for collection in collections:
        asked = {"collection": collection["name"], "limit": 200}
        collection["images"] = api.call("GET", "/images", params=asked)["images"]
        collection["searches"] = {
            query: [(hit["id"], round(hit["score"], 4)) for hit in api.search(query, **asked)]
            for query in QUERIES
        }
    jobs = all_jobs(api)
    for job in jobs:
        job["failures"] = api.call("GET", f"/jobs/{job['job_id']}/failures")["failures"]
    return {
        "capabilities": capabilities,
        "queries": dict(zip(QUERIES, map(base64_of, vectors), strict=True)),
        "roots": api.call("GET", "/roots")["roots"],
        "collections": collections,
        "jobs": jobs,
    }


def vectors_by_id(data_dir: Path) -> dict[str, str]:
    """As they are stored: no call answers them."""
    folder = data_dir / "store"
    store = lancedb.connect(str(folder))
    tables = [store.open_table(path.stem).to_arrow() for path in sorted(folder.glob("*.lance"))]
    return {row["id"]: base64_of(row["vector"]) for table in tables for row in table.to_pylist()}


def rows_by_table(data_dir: Path) -> dict[str, int]:
    """Of the ledger, which nobody has open."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    uri = f"file:{data_dir}/ledger.sqlite?immutable=1"  # without it a WAL would be left there
    with closing(sqlite3.connect(uri, uri=True)) as ledger:
        names = [name for (name,) in ledger.execute(query)]
        return {
            name: ledger.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names
        }
