"""Why a picture cannot be had, in words for its owner: of no kind that is read, or damaged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from utils.contract import ErrorCode
from utils.imaging.faults.damage import DamagedError, damage, never_written
from utils.imaging.faults.unread_kinds import unread_kind
from utils.imaging.formats import Format

_HOLE_BYTES = 512  # of a disk


class ImageUnreadableError(Exception):
    """One image cannot be had. `detail` is written for the owner of the file."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def unsupported(what: str) -> ImageUnreadableError:
    """The file may be sound: this build does not read its kind. `what` is a noun phrase."""
    detail = f"this version of Photoseek does not read {what}"
    return ImageUnreadableError(ErrorCode.FORMAT_UNSUPPORTED, detail)


def of_no_format(header: bytes) -> ImageUnreadableError:
    """Names the kind of a file that is none of the formats, where it is known."""
    kind = unread_kind(header)
    if kind is not None:
        return unsupported(kind.words)
    if len(header) >= _HOLE_BYTES and not any(header[:_HOLE_BYTES]):
        detail = "the file begins with nothing but zeros: its copy or download broke off"
        return ImageUnreadableError(ErrorCode.DECODING_IMAGE, detail)
    return ImageUnreadableError(
        ErrorCode.FORMAT_UNSUPPORTED,
        "no image format is recognised: it is no picture, or its beginning is damaged",
    )


@contextlib.contextmanager
def unreadable_as(
    code: ErrorCode, data: bytes = b"", known: Format | None = None
) -> Iterator[None]:
    """Turns whatever a decoder raises on garbage into ImageUnreadableError.

    What a library says is for developers, and is kept as the cause. `data` and `known` are looked
    at for what is wrong.
    """
    try:
        yield
    except ImageUnreadableError:
        raise
    except MemoryError as exc:
        raise ImageUnreadableError(ErrorCode.IMAGE_TOO_LARGE, "no memory to decode it") from exc
    except DamagedError as exc:
        raise ImageUnreadableError(code, never_written(data) or str(exc)) from exc
    except Exception as exc:  # decoders raise anything: struct.error, SyntaxError, their own
        raise ImageUnreadableError(code, damage(data, known)) from exc


def check_pixels(size: tuple[int, int] | None, max_pixels: int) -> None:
    if size is not None and size[0] * size[1] > max_pixels:
        width, height = size
        raise ImageUnreadableError(
            ErrorCode.IMAGE_TOO_LARGE,
            f"{width} x {height} pixels are more than the limit of {max_pixels}",
        )
