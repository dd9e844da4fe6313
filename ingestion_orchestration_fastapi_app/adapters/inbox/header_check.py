"""Whether what comes in is a picture, told by its name and its beginning."""

from __future__ import annotations

from utils.contract import ErrorCode
from utils.imaging.faults.unreadable import of_no_format
from utils.imaging.formats import extension, is_sidecar, sniff
from utils.problems import Rejected


def refusal_of(name: str, header: bytes) -> Rejected | None:
    """Why it is no picture; None: it is one of a known format.

    `header` is as long as SNIFF_BYTES, or all there is.
    """
    if is_sidecar(name):
        detail = "a sidecar, which is no picture: lay it beside its picture in a folder"
        return Rejected(ErrorCode.FORMAT_UNSUPPORTED, detail)
    if not header:
        return Rejected(ErrorCode.FILE_EMPTY, "the file is empty")
    if sniff(header, hint=extension(name)) is not None:
        return None
    refused = of_no_format(header)
    return Rejected(refused.code, refused.detail)
