"""What the OpenAPI documents show as examples of answers."""

from __future__ import annotations

from pydantic import JsonValue

_FINGERPRINT = "5f2c0a9b6d41"
_JOB_ID = "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11"
_IMAGE_ID = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
_AT = "2026-05-03T12:00:05Z"

ANNOTATION: dict[str, JsonValue] = {"rating": 4, "favourite": True, "tags": ["print"]}
IMAGE: dict[str, JsonValue] = {
    "id": _IMAGE_ID,
    "path": "/photos/2019/beach.jpg",
    "filename": "beach.jpg",
    "thumbnail_url": f"/api/v1/images/{_IMAGE_ID}/thumbnail?collection=default",
    "preview_url": f"/api/v1/images/{_IMAGE_ID}/preview?collection=default",
    "file_url": f"/api/v1/images/{_IMAGE_ID}/file?collection=default",
    "placeholder": "nMPmnMPmnMPmnMPmO3+oSo+1WmtgSo+12cSa2cSa2cSa2cSa",
    "width_px": 6000,
    "height_px": 4000,
    "bytes": 8123456,
    "format": "jpeg",
    "taken_at": "2019-07-14T11:08:06",
    "taken_at_source": "date_time_original",
    "taken_at_offset_min": 120,
    "camera_make": "Canon",
    "camera_model": "EOS 5D",
    "lens": "EF 50mm f/1.8",
    "focal_length_mm": 50.0,
    "aperture_f": 4.0,
    "exposure_s": 0.002,
    "iso": 100,
    "flash_fired": False,
    "latitude": 43.4,
    "longitude": -1.6,
    "altitude_m": 3.0,
    "place": {
        "city": "Biarritz",
        "country": "France",
        "country_code": "FR",
        "distance_km": 9.5,
    },
    "rating": 4,
    "title": None,
    "description": None,
    "keywords": ["dog", "summer"],
    "software": None,
    "favourite": None,
    "sidecar_turn": None,
    "motion": None,
    "companions": ["beach.cr2"],
    "caption": "a dog running on the beach",
    "annotation": ANNOTATION,
    "partial": False,
    "pixel_source": "image",
    "rung": "image",
    "stale": False,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
HIT: dict[str, JsonValue] = {
    **IMAGE,
    "score": 0.314159,
    "relevance": 0.982117,
    "found_by": ["vector", "words"],
    "matched_words": ["dog", "beach"],
    "word_score": 5.81732,
    "folded": None,
}
UNDERSTOOD: dict[str, JsonValue] = {
    "words": "snow",
    "parts": [
        {
            "kind": "place",
            "text": "in Berlin",
            "begin": 5,
            "end": 14,
            "applied": True,
            "city": {
                "name": "Berlin",
                "country": "Germany",
                "country_code": "DE",
                "latitude": 52.52437,
                "longitude": 13.41053,
            },
            "radius_km": 23.4,
            "others": [],
        },
        {
            "kind": "date",
            "text": "last winter",
            "begin": 15,
            "end": 26,
            "applied": True,
            "first": "2025-12-01",
            "last": "2026-02-28",
        },
    ],
}
IMAGE_VECTOR: dict[str, JsonValue] = {
    "id": IMAGE["id"],
    "collection": "default",
    "model": "ViT-B-32",
    "fingerprint": "c07d1e5b3a92",
    "vector": [0.6, -0.8, 0.0],
}
SEARCH: dict[str, JsonValue] = {
    "results": [HIT],
    "collection": "default",
    "model": "ViT-B-32",
    "warnings": [],
    "cursor": None,
    "nothing_relevant": False,
    "calibrated": True,
    "suggested_min_relevance": 0.84,
    "mode_used": "hybrid",
    "total": None,
    "total_is_exact": True,
    "understood": None,
}
IMAGES: dict[str, JsonValue] = {
    "images": [IMAGE],
    "collection": "default",
    "total": 10000,
    "total_is_exact": False,
    "cursor": "AgEAAAAAAAAAAADn9oYJsE0AAAAAAAAAAA==",
    "next_offset": 50,
    "warnings": [],
}
GENERATION: dict[str, JsonValue] = {
    "id": 2,
    "state": "filling",
    "model": "ViT-L-14",
    "weights": "datacomp_xl_s13b_b90k",
    "dim": 768,
    "fingerprint": "c07d1e5b3a92",
    "count": 1200,
    "missing": 34,
    "created_at": _AT,
    "activated_at": None,
}
LOG_LINE: dict[str, JsonValue] = {"at": _AT, "event": "job_started", "detail": ""}
JOB: dict[str, JsonValue] = {
    "job_id": _JOB_ID,
    "kind": "ingest",
    "state": "running",
    "reasons": [],
    "reason": None,
    "reason_code": None,
    "collection": "default",
    "directory_path": "/photos/2019",
    "paths": ["/photos/2019"],
    "counts": {
        "found": 1000,
        "unchanged": 200,
        "cached": 0,
        "embedded": 299,
        "failed": 1,
        "skipped": 0,
        "pending": 500,
    },
    "done": 500,
    "total": 1000,
    "scan_complete": True,
    "bytes": 2400000000,
    "rate_images_per_s": 41.5,
    "rate_average_images_per_s": 39.2,
    "eta_s": 12.0,
    "eta_low_s": 10.5,
    "eta_high_s": 15.0,
    "removed": 0,
    "links_skipped": 0,
    "origin": "request",
    "stages": {"read": 3.2, "decode": 20.1, "embed": 6.8, "store": 0.4},
    "busy_shares": {"read": 0.13, "decode": 0.84, "embed": 0.39, "store": 0.02},
    "bottleneck": "decode-bound: 2 of 2 workers busy, inference idle 61 %",
    "errors_by_code": {"ERR_DECODING_IMAGE": 1},
    "warnings": [],
    "log": [LOG_LINE],
    "started_at": "2026-05-03T12:00:00Z",
    "updated_at": _AT,
    "finished_at": None,
}
REPORT: dict[str, JsonValue] = {
    "job_id": _JOB_ID,
    "kind": "verify",
    "state": "completed",
    "numbers": {"files": 1000, "points": 990, "away": 0, "rows": 989, "ids": 989},
    "findings": [
        {
            "finding": "point_missing",
            "count": 1,
            "mended": 1,
            "examples": [{"path": "/photos/2019/beach.jpg", "point_id": _IMAGE_ID, "detail": ""}],
        }
    ],
}
COLLECTION: dict[str, JsonValue] = {
    "name": "default",
    "count": 499,
    "hidden_count": 12,
    "state": "ready",
    "detail": None,
    "model": "ViT-B-32",
    "fingerprint": _FINGERPRINT,
    "roots": ["/photos/2019"],
    "watches": [
        {"directory_path": "/photos/2019", "recursive": True, "mode": "events", "detail": None}
    ],
    "last_job_id": _JOB_ID,
}
CAPABILITIES: dict[str, JsonValue] = {
    "safe_clip_batch": 256,
    "safe_blip_batch": 32,
    "recommended_batch": 256,
    "max_request_bytes": 1073741824,
    "upload": {
        "clip": {"side_px": 224, "crop": "center", "interpolation": "bicubic", "fill": 0},
        "caption": {"side_px": 384},
        "encodings": ["image/x-portable-pixmap", "image/jpeg", "image/x-raw", "image/*"],
    },
    "clip": {
        "model": "ViT-B-32",
        "weights": "datacomp_xl_s13b_b90k",
        "dim": 512,
        "image_size": 224,
        "fingerprint": _FINGERPRINT,
        "trained": True,
        "dtype": "float16",
        "backend": "torch",
        "compiled": True,
    },
    "models": [
        {
            "model": "ViT-B-32",
            "weights": "datacomp_xl_s13b_b90k",
            "fingerprint": _FINGERPRINT,
            "dim": 512,
            "image_size": 224,
            "trained": True,
            "safe_clip_batch": 256,
            "upload": {"side_px": 224, "crop": "center", "interpolation": "bicubic", "fill": 0},
            "state": "loaded",
            "default": True,
        }
    ],
    "captions": {
        "available": True,
        "model": "Salesforce/blip-image-captioning-base",
        "quantization": "none",
        "fingerprint": "c0ffee123456",
    },
    "device": "cuda:0",
    "queue": {"running": 1, "waiting": 0, "limit": 2},
    "images_per_s": 900.0,
}
BATCH: dict[str, JsonValue] = {
    "results": [
        {"id": "beach.jpg", "embedding": [0.6, 0.8], "caption": None, "thumbnail": None},
        {
            "id": "torn.jpg",
            "error": {"code": "ERR_DECODING_IMAGE", "detail": "The image is cut off."},
        },
    ],
    "fingerprint": _FINGERPRINT,
    "caption_fingerprint": None,
}
EMBEDDING: dict[str, JsonValue] = {"embedding": [0.6, 0.8], "fingerprint": _FINGERPRINT}
EMBEDDINGS: dict[str, JsonValue] = {
    "embeddings": [[0.6, 0.8]],
    "fingerprint": _FINGERPRINT,
    "truncated": [False],
}
CAPTION: dict[str, JsonValue] = {
    "caption": "a dog running on the beach",
    "fingerprint": "c0ffee123456",
}
INFERENCE_SERVICE: dict[str, JsonValue] = {
    "url": "http://127.0.0.1:8001",
    "state": "ready",
    "fingerprint": _FINGERPRINT,
    "detail": None,
    "models": [_FINGERPRINT],
    "max_requests": 2,
}
ORCHESTRATOR: dict[str, JsonValue] = {
    "safe_clip_batch": 256,
    "batch_size": 128,
    "formats": ["heic", "jpeg", "nef"],
    "captions_available": True,
    "captioners": [{"name": "service", "available": True, "model": "Salesforce/blip"}],
    "ingest_roots": ["/photos"],
    "inference": {"url": "http://127.0.0.1:8001", "reachable": True, "detail": None},
    "inference_services": [INFERENCE_SERVICE],
    "ml": CAPABILITIES,
}
