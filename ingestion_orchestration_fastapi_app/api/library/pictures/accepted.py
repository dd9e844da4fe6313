"""Which format of picture a request's `Accept` prefers."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion_orchestration_fastapi_app.ports.previews import PreviewFormat


def accepted_format(headers: Sequence[str]) -> PreviewFormat:
    """JPEG, unless WebP is wanted more. Browsers name WebP and take any picture as gladly."""
    weights = _weights(headers)
    webp, jpeg = (_weight(weights, one) for one in (PreviewFormat.WEBP, PreviewFormat.JPEG))
    return PreviewFormat.WEBP if webp > jpeg else PreviewFormat.JPEG


def _weights(headers: Sequence[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in ",".join(headers).split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weight = _number(parameter[2:])
        if name:
            weights[name] = weight
    return weights


def _weight(weights: dict[str, float], wanted: PreviewFormat) -> float:
    """By the most specific of what is named; 1 where nothing is."""
    for name in (wanted.media_type, "image/*", "*/*"):
        if name in weights:
            return weights[name]
    return 0.0 if weights else 1.0


def _number(text: str) -> float:
    """0 to 1; 0 for what is no weight."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
