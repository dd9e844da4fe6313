"""The streaming multipart parser."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_inference_fastapi_app.serving.multipart import (
    MultipartStream,
    Part,
    PartLimits,
)
from utils.problems import BatchTooLarge, MalformedMultipart, Problem
from utils.web.bodies.multipart import TooManyParts, boundary_of

BOUNDARY = b"b0undary-x"
LIMITS = PartLimits(max_parts=100, max_part_bytes=100_000, max_total_bytes=1_000_000)

# Data that looks like boundaries and headers is where a parser goes wrong.
tricky = st.lists(
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"-",
            b"--",
            b"\r\n",
            b"\r\n--",
            b"\r\n--b0undary",
            BOUNDARY,
            b"--\r\n",
            b"x",
        ]
    ),
    max_size=12,
).map(b"".join)
payloads = (st.binary(max_size=300) | tricky).filter(lambda data: b"\r\n--" + BOUNDARY not in data)
uploads = st.lists(st.tuples(st.text("abcé🙂 ._-", min_size=1, max_size=20), payloads), max_size=6)
cuts = st.lists(st.integers(0, 4000), max_size=20)


def body_of(parts: list[tuple[str, bytes]]) -> bytes:
    written = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n%s\r\n" % (BOUNDARY, name.encode(), data)
        for name, data in parts
    )
    return written + b"--%s--\r\n" % BOUNDARY


def chunks_of(body: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in at)})
    return [body[start:end] for start, end in pairwise(edges)]


def parsed(chunks: list[bytes], limits: PartLimits = LIMITS) -> list[Part]:
    stream = MultipartStream(BOUNDARY, limits)
    parts = [part for chunk in chunks for part in stream.feed(chunk)]
    stream.close()
    return parts


def outcome(chunks: list[bytes]) -> list[Part] | type[Problem]:
    try:
        return parsed(chunks)
    except Problem as exc:
        return type(exc)


def with_turn(turn: bytes) -> list[bytes]:
    body = body_of([("a", b"data"), ("b", b"")])
    return [body.replace(b"image/jpeg\r\n", b"image/jpeg\r\nx-Image-turn: " + turn + b"\r\n", 1)]


def test_a_part_says_how_its_picture_is_turned() -> None:
    assert [part.turn for part in parsed(with_turn(b"6"))] == [6, None]


@pytest.mark.parametrize("turn", [b"", b"0", b"9", b"06", b"-1", b"left", b"\xb2"])
def test_a_turn_that_is_none_is_malformed(turn: bytes) -> None:
    assert outcome(with_turn(turn)) is MalformedMultipart


@given(uploads, cuts)
def test_any_chunking_gives_the_parts_that_were_sent(
    sent: list[tuple[str, bytes]], at: list[int]
) -> None:
    parts = parsed(chunks_of(body_of(sent), at))
    assert [(part.filename, part.data) for part in parts] == sent
    assert all(part.name == "files" and part.media_type == "image/jpeg" for part in parts)


@given(uploads, cuts, st.integers(0, 4000), st.binary(max_size=5), st.integers(0, 5))
def test_any_chunking_of_a_damaged_body_ends_the_same_way(
    sent: list[tuple[str, bytes]], at: list[int], where: int, noise: bytes, lost: int
) -> None:
    body = body_of(sent)
    where %= len(body) + 1
    damaged = body[:where] + noise + body[where + lost :]
    assert outcome(chunks_of(damaged, at)) == outcome([damaged])
    assert outcome([bytes([byte]) for byte in damaged]) == outcome([damaged])


@given(st.binary(max_size=500), cuts)
def test_garbage_is_a_problem_and_never_a_crash(body: bytes, at: list[int]) -> None:
    assert isinstance(outcome(chunks_of(body, at)), list | type)


@given(uploads, st.integers(1, 4000))
def test_a_body_that_stops_early_is_never_taken_for_whole(
    sent: list[tuple[str, bytes]], missing: int
) -> None:
    body = body_of(sent).removesuffix(b"\r\n")
    with pytest.raises(MalformedMultipart):
        parsed([body[: -min(missing, len(body))]])


def test_a_part_is_given_as_soon_as_its_end_was_fed() -> None:
    first, rest = body_of([("a", b"1"), ("b", b"2")]).split(b"--" + BOUNDARY)[1:3]
    stream = MultipartStream(BOUNDARY, LIMITS)
    assert stream.feed(b"--" + BOUNDARY + first) == []
    assert [part.filename for part in stream.feed(b"--" + BOUNDARY + rest)] == ["a"]


def test_a_body_with_another_boundary_is_malformed() -> None:
    with pytest.raises(MalformedMultipart, match="does not begin"):
        parsed([b"--other\r\n\r\n1\r\n--other--\r\n"])


def test_a_part_without_filename_or_name_says_so() -> None:
    body = b"--%s\r\nContent-Disposition: form-data\r\n\r\n1\r\n--%s--" % (BOUNDARY, BOUNDARY)
    (part,) = parsed([body])
    assert (part.name, part.filename, part.data) == (None, None, b"1")


def test_a_part_without_any_header_is_still_a_part() -> None:
    (part,) = parsed([b"--%s\r\n\r\n1\r\n--%s--" % (BOUNDARY, BOUNDARY)])
    assert (part.name, part.data) == (None, b"1")


def test_one_part_too_many_is_refused_with_the_limit() -> None:
    limits = PartLimits(max_parts=2, max_part_bytes=10, max_total_bytes=10_000)
    assert len(parsed([body_of([("a", b""), ("b", b"")])], limits)) == 2
    with pytest.raises(TooManyParts) as refused:
        parsed([body_of([("a", b""), ("b", b""), ("c", b"")])], limits)
    assert refused.value.limit == 2


def test_a_part_is_refused_before_more_than_the_limit_is_held() -> None:
    limits = PartLimits(max_parts=2, max_part_bytes=10, max_total_bytes=10_000)
    assert len(parsed([body_of([("a", b"x" * 10)])], limits)) == 1
    with pytest.raises(BatchTooLarge) as refused:
        parsed([body_of([("a", b"x" * 11)])], limits)
    assert refused.value.limit == 10


def test_a_body_is_refused_by_its_total_even_without_parts() -> None:
    limits = PartLimits(max_parts=2, max_part_bytes=10, max_total_bytes=100)
    stream = MultipartStream(BOUNDARY, limits)
    stream.feed(body_of([("a", b"1")])[:80])
    with pytest.raises(BatchTooLarge) as refused:
        stream.feed(b"x" * 21)
    assert refused.value.limit == 100


def test_an_endless_header_is_malformed() -> None:
    with pytest.raises(MalformedMultipart):
        parsed([b"--%s\r\nX: " % BOUNDARY, b"y" * 20_000])


def test_what_follows_the_end_is_ignored() -> None:
    assert len(parsed([body_of([("a", b"1")]), b"epilogue"])) == 1


def test_a_filename_that_is_not_utf_8_still_names_its_part() -> None:
    body = (
        b'--%s\r\nContent-Disposition: form-data; name="files"; filename="\xff"\r\n\r\n1\r\n--%s--'
    )
    (part,) = parsed([body % (BOUNDARY, BOUNDARY)])
    assert part.filename == "ÿ"


@pytest.mark.parametrize(
    "content_type",
    [None, "", "image/jpeg", "multipart/form-data", "multipart/mixed; boundary=x",
     "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 300],
)  # fmt: skip
def test_a_content_type_without_a_usable_boundary_is_malformed(content_type: str | None) -> None:
    with pytest.raises(MalformedMultipart):
        boundary_of(content_type)


def test_a_quoted_boundary_is_understood() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"
