"""What every wire type shares: names in headers, error codes, the body of a problem."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from annotated_types import MaxLen
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from utils.text.blank import is_blank

API_PREFIX = "/api/v1"
PROBLEM_MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-ID"
LOCAL_SECRET_HEADER = "X-Photoseek-Local"  # noqa: S105  # a header's name
IMAGE_COUNT_HEADER = "X-Image-Count"
WHOLE_FIELD = "wholes"  # a part: the whole picture of the image after it, for its caption
PPM_MEDIA_TYPE = "image/x-portable-pixmap"
RAW_MEDIA_TYPE = "image/x-raw"
HARD_MAX_BATCH = 256  # what one request ever carries, whatever a device could hold
MAX_PATH_CHARACTERS = 4096
MAX_NAME_CHARACTERS = 255  # of what is looked up: a name too long to exist is not there, below that
MAX_OFFSET = 1_000_000_000  # beyond every library; the store and the ledger count further


class ErrorCode(StrEnum):
    """Stable names of what can go wrong. Each has its row in the README."""

    FILE_NOT_FOUND = "ERR_FILE_NOT_FOUND"
    FILE_PERMISSION = "ERR_FILE_PERMISSION"
    FILE_READ = "ERR_FILE_READ"
    FILE_CHANGED = "ERR_FILE_CHANGED"
    FILE_TOO_LARGE = "ERR_FILE_TOO_LARGE"
    FILE_EMPTY = "ERR_FILE_EMPTY"
    FORMAT_UNSUPPORTED = "ERR_FORMAT_UNSUPPORTED"
    DECODING_IMAGE = "ERR_DECODING_IMAGE"
    DECODING_RAW = "ERR_DECODING_RAW"
    DECODING_TIMEOUT = "ERR_DECODING_TIMEOUT"
    IMAGE_TOO_LARGE = "ERR_IMAGE_TOO_LARGE"
    CLIP_INFER = "ERR_CLIP_INFER"
    BLIP_INFER = "ERR_BLIP_INFER"
    GPU_OOM = "ERR_GPU_OOM"
    GPU_BUSY = "ERR_GPU_BUSY"
    ML_UNAVAILABLE = "ERR_ML_UNAVAILABLE"
    MODEL_MISSING = "ERR_MODEL_MISSING"
    MODEL_MISMATCH = "ERR_MODEL_MISMATCH"
    MODEL_LOADING = "ERR_MODEL_LOADING"
    BATCH_TOO_LARGE = "ERR_BATCH_TOO_LARGE"
    MALFORMED_MULTIPART = "ERR_MALFORMED_MULTIPART"
    MEDIA_TYPE = "ERR_MEDIA_TYPE"
    TOO_SLOW = "ERR_TOO_SLOW"
    HEADERS_TOO_LARGE = "ERR_HEADERS_TOO_LARGE"
    OVERLOADED = "ERR_OVERLOADED"
    CURSOR = "ERR_CURSOR"
    STORE_READ = "ERR_STORE_READ"
    STORE_WRITE = "ERR_STORE_WRITE"
    STORE_ROW = "ERR_STORE_ROW"
    DIRECTORY_NOT_ALLOWED = "ERR_DIRECTORY_NOT_ALLOWED"
    DIRECTORY_NOT_FOUND = "ERR_DIRECTORY_NOT_FOUND"
    DECODERS = "ERR_DECODERS"
    FILE_QUARANTINED = "ERR_FILE_QUARANTINED"
    IMAGE_NOT_FOUND = "ERR_IMAGE_NOT_FOUND"
    PICTURE_UNAVAILABLE = "ERR_PICTURE_UNAVAILABLE"
    DELETE_GUARD = "ERR_DELETE_GUARD"
    DISK_FULL = "ERR_DISK_FULL"
    DATA_FOLDER = "ERR_DATA_FOLDER"
    DATA_FOLDER_LOCKED = "ERR_DATA_FOLDER_LOCKED"
    COLLECTION_NOT_FOUND = "ERR_COLLECTION_NOT_FOUND"
    COLLECTION_EXISTS = "ERR_COLLECTION_EXISTS"
    ROOT_NOT_FOUND = "ERR_ROOT_NOT_FOUND"
    ROOT_OVERLAP = "ERR_ROOT_OVERLAP"
    JOB_NOT_FOUND = "ERR_JOB_NOT_FOUND"
    JOB_STATE = "ERR_JOB_STATE"
    JOB_KIND = "ERR_JOB_KIND"
    QUEUE_FULL = "ERR_QUEUE_FULL"
    NOT_FOUND = "ERR_NOT_FOUND"
    METHOD_NOT_ALLOWED = "ERR_METHOD_NOT_ALLOWED"
    UNAUTHORIZED = "ERR_UNAUTHORIZED"
    FORBIDDEN = "ERR_FORBIDDEN"
    TOO_MANY_ATTEMPTS = "ERR_TOO_MANY_ATTEMPTS"
    CROSS_SITE = "ERR_CROSS_SITE"
    HOST_NOT_ALLOWED = "ERR_HOST_NOT_ALLOWED"
    VALIDATION = "ERR_VALIDATION"
    INTERNAL = "ERR_INTERNAL"


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError("it is blank: nothing in it can be seen")
    return text


NotBlank = AfterValidator(_not_blank)


class Wire(BaseModel):
    """Base of all requests: frozen, and unknown keys are an error.

    What is too much is refused before anything in it is looked at, and by one fault: a validator
    that names each of 30,000 wrong elements takes a second and a gigabyte.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_excess(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                # Half a surrogate pair can be in JSON, and in no error of pydantic's.
                shown = str(name)[:100].encode("utf-8", "backslashreplace").decode()
                raise PydanticCustomError(
                    "extra_forbidden", "{name}: there is no such field", {"name": shown}
                )
            if isinstance(value, list | tuple | dict):
                most = next((m.max_length for m in field.metadata if isinstance(m, MaxLen)), None)
                if most is not None and len(value) > most:
                    raise PydanticCustomError(
                        "too_long", "{name}: at most {most} items", {"name": name, "most": most}
                    )
        return data


class Reply(BaseModel):
    """Base of answers: frozen; a client ignores keys that a newer service adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _number(value: object) -> object:
    """JSON knows numbers: texts and flags that could be read as one are none."""
    if isinstance(value, bool | str | bytes):
        raise ValueError("Input should be a number")  # noqa: TRY004  # pydantic wants a ValueError
    return value


# For whole numbers: `20.0` is one in JSON, so that pydantic's strict mode would refuse too much.
JSON_NUMBER = BeforeValidator(_number)

CollectionText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_CHARACTERS, description="The collection's name."),
]


class ProblemBody(Reply):
    """RFC 9457: why a request was not done."""

    type: str = Field(default="about:blank", description="Always `about:blank`: see `code`.")
    title: str = Field(description="The same for every occurrence of a code.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request, for whoever reads it.")
    code: ErrorCode = Field(description="Stable: the README says what each means.")
    request_id: str = Field(description="As in `X-Request-ID` and in the service's log.")
    retry_after_ms: int | None = Field(
        default=None, description="When it makes sense to ask again."
    )
    limit: int | None = Field(default=None, description="The bound that was passed.")
    eta_s: float | None = Field(default=None, description="Seconds until the model is loaded.")
