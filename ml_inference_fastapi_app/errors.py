"""The problems that only the inference service has.

Problem
├── CaptionsUnavailable  409
├── ModelMismatch        409  the request names a model that the service does not serve
├── ImageRefused         422  the one image of a request; in a batch the same is a result
└── ModelFailed          503  the device or the model thread, not any image
"""

from __future__ import annotations

from utils.contract import ErrorCode
from utils.problems import Problem, Rejected

_OF_ONE_IMAGE = (
    ErrorCode.FILE_EMPTY,
    ErrorCode.FORMAT_UNSUPPORTED,
    ErrorCode.DECODING_IMAGE,
    ErrorCode.DECODING_RAW,
    ErrorCode.DECODING_TIMEOUT,
    ErrorCode.IMAGE_TOO_LARGE,
    ErrorCode.CLIP_INFER,
    ErrorCode.BLIP_INFER,
    ErrorCode.GPU_OOM,
    ErrorCode.INTERNAL,
)


class CaptionsUnavailable(Problem):
    status = 409
    code = ErrorCode.CAPTIONS_UNAVAILABLE
    title = "Captions are not available"


class ModelMismatch(Problem):
    status = 409
    code = ErrorCode.MODEL_MISMATCH
    title = "The service does not serve this model"


class ImageRefused(Problem):
    status = 422
    title = "The image cannot be embedded"

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.detail)
        self.code = rejected.code  # type: ignore[misc]  # an image is bad in many ways

    @classmethod
    def codes(cls) -> tuple[ErrorCode, ...]:
        return _OF_ONE_IMAGE


class ModelFailed(Problem):
    status = 503
    code = ErrorCode.ML_UNAVAILABLE
    title = "The model does not answer"
