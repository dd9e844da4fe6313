"""One warning, as it is kept and sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.warnings.codes import WarningCode
from utils.contract.warnings.sentences import SENTENCES

MAX_CHARACTERS = 500  # of a parameter: folders and reasons of others may be of any length
_CUT = "…"
_EXAMPLE: dict[str, JsonValue] = {
    "code": "WARN_DATE_DROPPED",
    "detail": 'no picture was taken then: "last winter" was dropped',
    "params": {"words": "last winter"},
}
DETAILS = "`warnings` in the same order, each with its code and what fills its gaps."


class WarningDetail(Reply):
    """A warning by its code, with what fills the gaps of its sentence."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    code: WarningCode | None = Field(
        description="Stable; null where a job was warned by a version that knew no codes."
    )
    detail: str = Field(description="The same in English, as in `warnings`.")
    params: dict[str, int | str] = Field(
        default={}, description="By name, what its sentence says: numbers, folders, reasons."
    )

    @classmethod
    def of(cls, code: WarningCode, **params: int | str) -> WarningDetail:
        """Texts that are too long lose their middle."""
        bounded = {name: _bounded(value) for name, value in params.items()}
        return cls(code=code, detail=SENTENCES[code].format(**bounded), params=bounded)

    @classmethod
    def kept(cls, detail: str, code: object, params: Mapping[str, int | str]) -> WarningDetail:
        """As a ledger has it. Of a code that this version does not know its sentence is left."""
        if code not in set(WarningCode):
            return cls(code=None, detail=_whole(detail))
        return cls(code=WarningCode(str(code)), detail=detail, params=dict(params))


def sentences(warnings: Iterable[WarningDetail]) -> tuple[str, ...]:
    return tuple(one.detail for one in warnings)


def _bounded(value: int | str) -> int | str:
    if isinstance(value, int):
        return value
    text = _whole(value)
    if len(text) <= MAX_CHARACTERS:
        return text
    half = (MAX_CHARACTERS - len(_CUT)) // 2
    return text[:half] + _CUT + text[-half:]


def _whole(text: str) -> str:
    """Half a surrogate pair, as in the name of a file that is no UTF-8, can be in no answer."""
    return text.encode("utf-8", "backslashreplace").decode()
