"""The problems that only the inference service has.

Problem
├── CaptionsUnavailable  409
├── ImageRefused         422  the one image of a request; in a batch the same is a result
└── ModelFailed          503  the device or the model thread, not any image
"""

from __future__ import annotations

from utils.contract import ErrorCode
from utils.problems import Problem, Rejected


class CaptionsUnavailable(Problem):
    status = 409
    code = ErrorCode.BLIP_INFER
    title = "Captions are not available"


class ImageRefused(Problem):
    status = 422
    title = "The image cannot be embedded"

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.detail)
        self.code = rejected.code  # type: ignore[misc]  # an image is bad in many ways


class ModelFailed(Problem):
    status = 503
    code = ErrorCode.ML_UNAVAILABLE
    title = "The model does not answer"
