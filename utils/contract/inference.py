"""What the inference service says and hears."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from utils.contract.base import NotBlank, Reply, Wire
from utils.contract.error_codes import ErrorCode
from utils.contract.examples import BATCH, CAPABILITIES, CAPTION, EMBEDDING, EMBEDDINGS


class ClipUpload(Reply):
    """An upload that needs no more resizing."""

    side_px: int = Field(description="The square's side.")
    crop: Literal["center", "squash", "longest"] = Field(
        description="What happens to the long side."
    )
    interpolation: Literal["bicubic", "bilinear"] = Field(
        default="bicubic", description="How it is resized."
    )
    fill: int = Field(default=0, description="The grey beside a picture that is not cropped.")


class CaptionUpload(Reply):
    """The whole picture, squashed into a square: what a captioner sees."""

    side_px: int = Field(description="The square's side.")


class UploadSpec(Reply):
    """What is best sent."""

    clip: ClipUpload = Field(description="For an embedding.")
    caption: CaptionUpload = Field(description="For a caption.")
    encodings: tuple[str, ...] = Field(description="Media types, the cheapest first.")


class SigmoidHead(Reply):
    """How a model that was trained with a sigmoid (SigLIP) tells whether text and picture belong
    together: 1 / (1 + exp(-(scale * cosine + bias))).
    """

    scale: float = Field(description="What the cosine is multiplied by.")
    bias: float = Field(description="What is added, mostly negative: few of all pairs do.")


_SIGMOID = "Of a model that was trained with a sigmoid; null of one that was not (CLIP)."


class ClipCapabilities(Reply):
    """The embedding model."""

    model: str = Field(description="Its name.")
    weights: str = Field(description="As configured.")
    dim: int = Field(description="Numbers in a vector.")
    image_size: int = Field(description="The side of what it sees, in pixels.")
    fingerprint: str = Field(description="Of model, weights and preprocessing.")
    trained: bool = Field(description="False: its vectors mean nothing.")
    dtype: str = Field(description="The numbers it calculates with.")
    backend: str = Field(description="What runs it.")
    compiled: bool = Field(description="Whether it was compiled for this device.")
    sigmoid: SigmoidHead | None = Field(default=None, description=_SIGMOID)


class ModelState(StrEnum):
    """Where a CLIP model is. An unloaded one is loaded when a request names it."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"


class ModelCapabilities(Reply):
    """One of the CLIP models that requests may name."""

    model: str = Field(description="Its name.")
    weights: str = Field(description="As configured.")
    fingerprint: str = Field(description="Of model, weights and preprocessing: names it.")
    dim: int = Field(description="Numbers in a vector.")
    image_size: int = Field(description="The side of what it sees, in pixels.")
    trained: bool = Field(description="False: its vectors mean nothing.")
    safe_clip_batch: int = Field(description="Images that certainly fit into one batch.")
    upload: ClipUpload = Field(description="An upload that needs no more resizing.")
    state: ModelState = Field(description="Whether it is loaded now.")
    default: bool = Field(description="Whether it answers requests that name no model.")
    sigmoid: SigmoidHead | None = Field(default=None, description=_SIGMOID)


class CaptionCapabilities(Reply):
    """The captioning model. It is fetched and loaded when somebody asks for captions."""

    available: bool = Field(description="Whether captions may be asked for.")
    model: str | None = Field(default=None, description="Its name.")
    quantization: str | None = Field(default=None, description="How it is made smaller.")
    fingerprint: str | None = Field(
        default=None, description="Null as long as the weights are not on the service's machine."
    )
    alone: bool = Field(
        default=False, description="Whether they may be asked for without embeddings."
    )
    detail: str | None = Field(
        default=None,
        description="Why they may not be asked for, and what helps; or what they wait for first.",
    )


class QueueCapabilities(Reply):
    """Requests, not images."""

    running: int = Field(description="On the device now.")
    waiting: int = Field(description="Admitted behind them.")
    limit: int = Field(description="The most that are admitted at once, running and waiting.")


class Capabilities(Reply):
    """What the service runs, and how much of it it takes."""

    model_config = ConfigDict(json_schema_extra={"examples": [CAPABILITIES]})

    safe_clip_batch: int = Field(description="Images that fit into one batch of the default model.")
    safe_blip_batch: int = Field(description="Captions that certainly fit into one step.")
    recommended_batch: int = Field(description="Images that a client should send at once.")
    max_request_bytes: int = Field(description="The longest body.")
    upload: UploadSpec = Field(description="What is best sent.")
    clip: ClipCapabilities = Field(description="The default embedding model.")
    models: tuple[ModelCapabilities, ...] = Field(
        default=(), description="The embedding models, the default one first; by 0.1: none."
    )
    models_to_come: int = Field(
        default=0,
        description="Models that are loaded for the first time: what names them is not known yet.",
    )
    captions: CaptionCapabilities = Field(description="The captioning model.")
    device: str = Field(description="What it runs on.")
    queue: QueueCapabilities = Field(description="How busy it is.")
    images_per_s: float | None = Field(description="As measured; null before that.")


class ItemError(Reply):
    """Why one upload has no result, or no caption."""

    code: ErrorCode = Field(description="What went wrong.")
    detail: str = Field(description="The same in words.")


class BatchItem(Reply):
    """One upload's result."""

    id: str = Field(description="The part's filename.")
    embedding: list[float] | str | None = Field(
        default=None,
        description="Of unit length: a list of floats, or base64 of little-endian float32.",
    )
    caption: str | None = Field(default=None, description="Where captions were asked for.")
    thumbnail: str | None = Field(
        default=None,
        description="Of a RAW, where the request says how large: base64 of WebP, upright, in sRGB.",
    )
    error: ItemError | None = Field(
        default=None, description="What went wrong; beside an embedding, of the caption alone."
    )


class BatchReply(Reply):
    """Every upload's result."""

    model_config = ConfigDict(json_schema_extra={"examples": [BATCH]})

    results: tuple[BatchItem, ...] = Field(description="In the parts' order.")
    fingerprint: str = Field(description="Of the embedding model.")
    caption_fingerprint: str | None = Field(
        default=None, description="Of the captioning model, where captions were made."
    )


class CaptionReply(Reply):
    """One image in words."""

    model_config = ConfigDict(json_schema_extra={"examples": [CAPTION]})

    caption: str = Field(description="What the image shows.")
    fingerprint: str = Field(description="Of the captioning model.")


class EmbedReply(Reply):
    """One image as a vector."""

    model_config = ConfigDict(json_schema_extra={"examples": [EMBEDDING]})

    embedding: list[float] = Field(description="Of unit length.")
    fingerprint: str = Field(description="Of the embedding model.")


QueryText = Annotated[str, Field(min_length=1, max_length=8192), NotBlank]


class EmbedTextRequest(Wire):
    """Texts to embed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"texts": ["a dog on the beach"]}]})

    texts: tuple[QueryText, ...] = Field(
        min_length=1,
        max_length=64,
        description="What is beyond the model's length is cut off, which the answer says; a blank "
        "text is refused.",
    )


class EmbedTextReply(Reply):
    """Texts as vectors."""

    model_config = ConfigDict(json_schema_extra={"examples": [EMBEDDINGS]})

    embeddings: list[list[float]] = Field(description="Of unit length, in the texts' order.")
    fingerprint: str = Field(description="Of the embedding model.")
    truncated: tuple[bool, ...] = Field(
        default=(),
        description="In the texts' order: whether its end was cut off, being longer than what the "
        "model reads.",
    )


class Health(Reply):
    """Whether the service does what it is there for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok", "detail": None}]})

    status: Literal["ok", "loading", "failed"] = Field(description="How it is.")
    detail: str | None = Field(default=None, description="Why it is not better.")
