"""A canary: a good picture that goes the way of a file, to tell a bad moment from a bad file."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Captioned,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.errors import ModelMismatch
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, Capabilities
from utils.imaging.formats import Format
from utils.sandbox.canaries import canary_of

CANARY_ID = "canary"
_JPEG = "image/jpeg"


async def send_canary(
    service: Inference, told: Capabilities, *, like: Sendable | None = None, captions: bool = False
) -> None:
    """Returns when the service answered it, whatever it said. Raises InferenceFault."""
    upload = canary_upload(told, like=like)
    try:
        await service.embed(
            {CANARY_ID: upload}, captions=captions, fingerprint=told.clip.fingerprint
        )
    except ModelMismatch:
        return  # an answer: the health check will find what it holds now


async def caption_canary(service: Inference, told: Capabilities) -> Captioned:
    """For captions alone. Raises InferenceFault, ModelMismatch."""
    picture = _picture(_JPEG, told.upload.caption.side_px)
    uploads = {CANARY_ID: Upload(picture, _JPEG)}
    return await service.caption(uploads, fingerprint=told.clip.fingerprint)


def gradient_jpeg(side_px: int) -> bytes:
    """A good picture for those who are no inference service."""
    return _picture(_JPEG, side_px)


def canary_upload(told: Capabilities, *, like: Sendable | None = None) -> Upload:
    """Of the kind that `like` is sent as: an upload at the model's side, or a RAW as it is."""
    if like is not None and like.media_type == RAW_MEDIA_TYPE:
        return Upload(canary_of(Format.DNG), RAW_MEDIA_TYPE)
    is_jpeg = like is not None and like.media_type == _JPEG
    media_type = _JPEG if is_jpeg else PPM_MEDIA_TYPE
    whole_side_px = told.upload.caption.side_px if isinstance(like, Upload) and like.whole else 0
    whole = _picture(media_type, whole_side_px) if whole_side_px else b""
    return Upload(_picture(media_type, told.upload.clip.side_px), media_type, whole)


@cache
def _picture(media_type: str, side_px: int) -> bytes:
    file = io.BytesIO()
    kind = "JPEG" if media_type == _JPEG else "PPM"
    Image.linear_gradient("L").resize((side_px, side_px)).convert("RGB").save(file, kind)
    return file.getvalue()
