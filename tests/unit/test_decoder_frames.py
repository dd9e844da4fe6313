"""What a decoder process says is believed only where it can be true."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import Decoded, ImageUnreadableError, Squares
from utils.imaging.raw_developing import RawPicture
from utils.sandbox.protocol import Ask, LostDecoderError, Result, receive, receive_result, send

PIXELS = bytes(range(18))
PICTURE = {
    "pixels_size": (2, 3),
    "size": (4, 6),
    "area": (0.0, 0.0, 2.0, 3.0),
    "format": "gif",
    "partial": False,
}
OPEN = Ask(work="open_upright", max_pixels=100, min_side_px=1)
PREVIEW = Ask(work="read_preview", max_pixels=100, min_side_px=1)
DRAW = Ask(
    work="decode_for_models",
    max_pixels=100,
    upload=ClipUpload(side_px=1, crop="center"),
    whole_side_px=1,
    small_side_px=3,
)


def frame(said: bytes, payload: bytes) -> bytes:
    return len(said).to_bytes(4) + len(payload).to_bytes(8) + said + payload


def believed(sent: bytes, ask: Ask = OPEN) -> Result | ImageUnreadableError | None:
    """None where the decoder counts as lost."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        try:
            return receive_result(ours, ask)[0]
        except LostDecoderError:
            return None


def answer(**said: Any) -> bytes:
    return frame(json.dumps(said).encode(), PIXELS)


def test_an_answer_that_fits_is_believed() -> None:
    found = believed(answer(picture=PICTURE))
    assert isinstance(found, Decoded)
    assert (found.image.size, found.size, found.image.tobytes()) == ((2, 3), (4, 6), PIXELS)
    preview = believed(answer(picture=PICTURE, raw_size=(6, 4)), PREVIEW)
    assert isinstance(preview, RawPicture)
    assert (preview.width_px, preview.height_px) == (6, 4)
    failure = {"code": "ERR_DECODING_RAW", "detail": "no RAW"}
    refused = believed(frame(json.dumps({"failure": failure}).encode(), b""))
    assert isinstance(refused, ImageUnreadableError)
    assert (refused.code, refused.detail) == (ErrorCode.DECODING_RAW, "no RAW")


@pytest.mark.parametrize(
    "changed",
    [
        {"pixels_size": (3, 3)},
        {"pixels_size": (0, 3)},
        {"pixels_size": (-2, -3)},
        {"pixels_size": (2.0, 3)},
        {"pixels_size": (2,)},
        {"size": (11, 10)},
        {"size": (2**40, 1)},
        {"area": (0.0, 0.0, 20.0, 3.0)},
        {"area": (1.0, 0.0, 1.0, 3.0)},
        {"area": (0.0, 0.0, float("nan"), 3.0)},
        {"area": (-float("inf"), 0.0, 2.0, 3.0)},
        {"format": "exe"},
        {"partial": 1},
        {"more": 1},
    ],
)
def test_a_picture_of_another_shape_is_not(changed: dict[str, object]) -> None:
    assert believed(answer(picture={**PICTURE, **changed})) is None


def test_a_small_picture_comes_behind_the_squares() -> None:
    drawn = believed(answer(small_size=(2, 2)), DRAW)
    assert isinstance(drawn, Squares)
    assert drawn.clip.tobytes() == PIXELS[:3]
    assert drawn.whole is not None
    assert drawn.whole.tobytes() == PIXELS[3:6]
    assert drawn.small is not None
    assert (drawn.small.size, drawn.small.tobytes()) == ((2, 2), PIXELS[6:])
    none = believed(frame(b"{}", PIXELS[:6]), DRAW)
    assert isinstance(none, Squares)
    assert none.small is None


@pytest.mark.parametrize("size", [(4, 1), (1, 4), (3, 1), (0, 4), (-2, -2), (2.0, 2), (2,), None])
def test_a_small_picture_of_another_size_than_its_pixels_or_the_wish_is_not(size: object) -> None:
    assert believed(answer(small_size=size), DRAW) is None


def test_a_small_picture_that_nobody_asked_for_is_not() -> None:
    assert believed(answer(small_size=(2, 2)), DRAW.model_copy(update={"small_side_px": 0})) is None
    assert believed(answer(small_size=(2, 2), picture=PICTURE)) is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"picture": PICTURE, "raw_size": (4, 4)},
        {"failure": {"code": "ERR_INTERNAL", "detail": "x"}},
        {"failure": {"code": "ERR_DECODING_RAW", "detail": "\x1b[2J"}},
        {"failure": {"code": "ERR_DECODING_RAW", "detail": "x" * 1001}},
        {"picture": PICTURE, "more": 1},
    ],
)
def test_an_answer_to_another_question_is_not(said: dict[str, object]) -> None:
    payload = b"" if "failure" in said else PIXELS
    assert believed(frame(json.dumps(said).encode(), payload)) is None


def test_lengths_that_would_fill_the_memory_are_refused_before_they_are_read() -> None:
    endless = (2**32 - 1).to_bytes(4) + (2**63).to_bytes(8)
    assert believed(endless) is None
    said = json.dumps({"picture": PICTURE}).encode()
    assert believed(len(said).to_bytes(4) + (2**63).to_bytes(8) + said) is None


@given(st.binary(max_size=80), st.binary(max_size=40), st.integers(0, 140))
def test_bytes_without_sense_lose_the_decoder_and_raise_nothing_else(
    said: bytes, payload: bytes, cut: int
) -> None:
    assert believed(frame(said, payload)[:cut]) is None


@given(st.integers(0, 200))
def test_an_answer_cut_anywhere_is_not_believed(cut: int) -> None:
    whole = answer(picture=PICTURE)
    assert (believed(whole[:cut]) is not None) == (cut >= len(whole))


@pytest.mark.parametrize("count", [0, 1, 3_000_000])
def test_a_file_of_any_size_arrives_whole(count: int) -> None:
    data = bytes(count)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=send, args=(ours, OPEN, data))
        sender.start()
        ask, length = receive(theirs, Ask)
        assert ask == OPEN
        assert length == count
        received = 0
        while received < count:
            received += len(theirs.recv(65_536))
        sender.join()
