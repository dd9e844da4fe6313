"""Examples of what is said of imports."""

from __future__ import annotations

from pydantic import JsonValue

DRY_RUN_REPORT: dict[str, JsonValue] = {
    "job_id": "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11",
    "kind": "dry_run",
    "state": "completed",
    "numbers": {
        "found": 1234,
        "unchanged": 1000,
        "cached": 30,
        "embedded": 190,
        "failed": 4,
        "skipped": 10,
        "new": 220,
        "changed": 4,
        "opened_again": 0,
        "to_open": 224,
        "looked_into": 224,
        "missing": 2,
        "bytes_needed": 5_500_000,
        "bytes_a_point": 28_000,
        "bytes_free": 120_000_000_000,
        "bytes_kept_free": 1_000_000_000,
    },
    "findings": [
        {
            "finding": "missing",
            "count": 2,
            "mended": 0,
            "examples": [{"path": "/photos/2019/beach.jpg", "point_id": "", "detail": ""}],
        }
    ],
    "figures": {"seconds_low": 12.5, "seconds_high": 31.0},
}
