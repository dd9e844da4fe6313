"""What the inference service says and hears."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from utils.contract.base import ErrorCode, Reply, Wire


class ClipUpload(Reply):
    """An upload that needs no more resizing. `crop` says what happens to the long side."""

    side_px: int
    crop: Literal["center", "squash", "longest"]
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    fill: int = 0


class CaptionUpload(Reply):
    """The whole picture, squashed into a square: what a captioner sees."""

    side_px: int


class UploadSpec(Reply):
    clip: ClipUpload
    caption: CaptionUpload
    encodings: tuple[str, ...]


class ClipCapabilities(Reply):
    """`weights` as configured; `fingerprint` is over model, weights, preprocessing."""

    model: str
    weights: str
    dim: int
    image_size: int
    fingerprint: str
    trained: bool
    dtype: str
    backend: str
    compiled: bool


class CaptionCapabilities(Reply):
    """`available`: they may be asked for. The model is fetched and loaded when somebody does.

    `fingerprint` is None as long as the weights are not on the service's machine.
    """

    available: bool
    model: str | None = None
    quantization: str | None = None
    fingerprint: str | None = None


class QueueCapabilities(Reply):
    """Requests, not images. `limit` is the most that are admitted at once (running + waiting)."""

    running: int
    waiting: int
    limit: int


class Capabilities(Reply):
    safe_clip_batch: int
    safe_blip_batch: int
    recommended_batch: int
    max_request_bytes: int
    upload: UploadSpec
    clip: ClipCapabilities
    captions: CaptionCapabilities
    device: str
    queue: QueueCapabilities
    images_per_s: float | None


class ItemError(Reply):
    code: ErrorCode
    detail: str


class BatchItem(Reply):
    """One upload's result. `embedding` is a list of floats, or base64 of little-endian float32.

    An error beside an embedding is of the caption alone. `thumbnail` is base64 of WebP, upright,
    in sRGB: of a RAW, where the request says how large.
    """

    id: str
    embedding: list[float] | str | None = None
    caption: str | None = None
    thumbnail: str | None = None
    error: ItemError | None = None


class BatchReply(Reply):
    results: tuple[BatchItem, ...]
    fingerprint: str
    caption_fingerprint: str | None = None


class CaptionReply(Reply):
    caption: str
    fingerprint: str


class EmbedReply(Reply):
    embedding: list[float]
    fingerprint: str


QueryText = Annotated[str, Field(max_length=8192)]


class EmbedTextRequest(Wire):
    texts: tuple[QueryText, ...] = Field(min_length=1, max_length=64)


class EmbedTextReply(Reply):
    embeddings: list[list[float]]
    fingerprint: str


class Health(Reply):
    status: Literal["ok", "loading", "failed"]
    detail: str | None = None
