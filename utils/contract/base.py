"""What every wire type shares: names in headers, error codes, the body of a problem."""

from __future__ import annotations

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

from utils.contract.error_codes import ErrorCode
from utils.text.blank import is_blank

API_PREFIX = "/api/v1"
PROBLEM_MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-ID"
LOCAL_SECRET_HEADER = "X-Photoseek-Local"  # noqa: S105  # a header's name
IMAGE_COUNT_HEADER = "X-Image-Count"
# Of a part: EXIF's orientation (2 to 8) by which its picture is turned, after what the file says.
IMAGE_TURN_HEADER = "X-Image-Turn"
# A part: the whole picture of the image after it, for its caption.
CAPTION_IMAGES_FIELD = "caption_images"
CAPTION_IMAGES_FIELD_0_1 = "wholes"  # as 0.1 calls it: sent as long as one of 0.1 may answer
PPM_MEDIA_TYPE = "image/x-portable-pixmap"
RAW_MEDIA_TYPE = "image/x-raw"
HARD_MAX_BATCH = 256  # what one request ever carries, whatever a device could hold
MAX_PATH_CHARACTERS = 4096
MAX_NAME_CHARACTERS = 255  # of what is looked up: a name too long to exist is not there, below that
MAX_OFFSET = 1_000_000_000  # beyond every library; the store and the ledger count further


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
