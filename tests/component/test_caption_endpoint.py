"""What an endpoint's answers mean: words, a refusal, a bad moment, or no captioner at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from ingestion_orchestration_fastapi_app.adapters.caption_http.client import (
    LONGEST_REST_S,
    MOST_REPLY_BYTES,
    EndpointClient,
)
from ingestion_orchestration_fastapi_app.adapters.caption_http.dialects import (
    DIALECTS,
    DialectName,
)
from ingestion_orchestration_fastapi_app.ports.captioner import CaptionerBusy, CaptionerFault
from tests.component.caption_endpoint import Answer, StandInCaptioner, caption_endpoint
from utils.contract import ErrorCode
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

KEY = "sk-very-secret"


@pytest.fixture
def stand_in() -> Iterator[StandInCaptioner]:
    with caption_endpoint() as opened:
        yield opened


@pytest.fixture(params=["openai", "ollama"])
def dialect(request: pytest.FixtureRequest) -> DialectName:
    name: DialectName = request.param
    return name


@pytest.fixture
async def client(stand_in: StandInCaptioner, dialect: DialectName) -> AsyncIterator[EndpointClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        base = stand_in.url + ("/v1" if dialect == "openai" else "")
        yield EndpointClient(http, DIALECTS[dialect], base, "m", "Describe.", 5, 20, KEY)


async def said(
    client: EndpointClient, stand_in: StandInCaptioner, answer: Answer
) -> str | Rejected:
    stand_in.script.append(answer)
    return await client.caption(b"picture")


async def test_a_picture_its_instruction_and_the_key_are_sent_as_the_protocol_has_it(
    client: EndpointClient, stand_in: StandInCaptioner, dialect: DialectName
) -> None:
    assert await client.caption(b"two dogs") == "two dogs"
    (heard,) = stand_in.heard
    assert heard.path == {"openai": "/v1/chat/completions", "ollama": "/api/chat"}[dialect]
    assert (heard.jpeg, heard.prompt, heard.body["model"]) == (b"two dogs", "Describe.", "m")
    assert heard.body["stream"] is False
    assert heard.headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(client)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  Two dogs\n on\ta  beach. ", "Two dogs on a beach."),
        ("one two three four five six seven", "one two three four five"),
        ("\u202etxt.exe\x00\x1b[31m a \x07 dog", "txt.exe [31m a dog"),
        ("<think>is it a cat? yes</think> A dog.", "A dog."),
        ("ein Hund 🐕‍🦺", "ein Hund 🐕‍🦺"),
        ("\ud800 half", "\ufffd half"),
    ],
)
async def test_words_are_kept_in_one_line_bounded_and_without_what_steers(
    client: EndpointClient, stand_in: StandInCaptioner, text: str, kept: str
) -> None:
    assert await said(client, stand_in, Answer(text)) == kept


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u2060", "<think>hm</think>", None])
async def test_an_answer_without_words_is_a_refusal_of_the_picture(
    client: EndpointClient, stand_in: StandInCaptioner, text: str | None
) -> None:
    answer = await said(client, stand_in, Answer(text))
    assert isinstance(answer, Rejected)
    assert answer.code is ErrorCode.CAPTION_REFUSED


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": None, "refusal": "I cannot help."}, "finish_reason": "stop"},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
    ],
)
async def test_a_models_own_refusal_is_told_with_its_reason(
    stand_in: StandInCaptioner, choice: object
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        client = EndpointClient(http, DIALECTS["openai"], stand_in.url, "m", "?", 5, 20)
        body = json.dumps({"choices": [choice]}).encode()
        answer = await said(client, stand_in, Answer(body=body))
    assert isinstance(answer, Rejected)
    assert answer.code is ErrorCode.CAPTION_REFUSED
    assert "cannot help" in answer.detail or "content_filter" in answer.detail


async def test_parts_of_a_message_are_put_together(stand_in: StandInCaptioner) -> None:
    content = [{"type": "text", "text": "A dog"}, {"type": "other"}, {"type": "text", "text": "."}]
    body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    async with httpx.AsyncClient(trust_env=False) as http:
        client = EndpointClient(http, DIALECTS["openai"], stand_in.url, "m", "?", 5, 20)
        assert await said(client, stand_in, Answer(body=body)) == "A dog ."


WRONG = {
    "a web page": (Answer(media_type="text/html", body=b"<html>Welcome"), "text/html"),
    "half of it": (Answer(body=b'{"choices": [{"mess'), "broken JSON"),
    "a list": (Answer(body=b"[]"), "no JSON object"),
    "no type": (Answer(media_type="", body=b"{}"), "of no type"),
    "200 with an error": (
        Answer(body=json.dumps({"error": {"message": f"bad key {KEY}\x1b"}}).encode()),
        "200 with an error (bad key ***)",
    ),
    "another shape": (Answer(body=b'{"ok": true}'), "none of the protocol"),
    "numbers": (
        Answer(body=b'{"choices": [{"message": {"content": 7}}], "message": {"content": 7}}'),
        "no text",
    ),
    "deeply nested": (Answer(body=b"[" * 100_000), "broken JSON"),
    "too long": (Answer(body=b" " * (MOST_REPLY_BYTES + 1)), "more than"),
    "packed": (Answer("x", headers={"Content-Encoding": "gzip"}), "packed"),
    "a wrong key": (Answer(status=401, body=b'{"error": "who are you?"}'), "CAPTION_KEY"),
    "a wrong model": (Answer(status=404, body=b"{}"), "CAPTION_MODEL"),
    "a bad request": (Answer(status=400, body=b"<"), "it answered 400"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_answer_that_is_none_of_a_captioner_is_told_as_what_it_is(
    client: EndpointClient, stand_in: StandInCaptioner, name: str
) -> None:
    answer, words = WRONG[name]
    with pytest.raises(CaptionerFault) as fault:
        await said(client, stand_in, answer)
    assert words in str(fault.value)
    assert KEY not in str(fault.value)
    assert "\x1b" not in str(fault.value)


async def test_a_redirect_is_not_followed(
    client: EndpointClient, stand_in: StandInCaptioner
) -> None:
    with caption_endpoint() as elsewhere:
        to = {"Location": f"{elsewhere.url}/v1/chat/completions"}
        for status in (301, 302, 307, 308):
            with pytest.raises(CaptionerFault, match="not followed"):
                await said(client, stand_in, Answer(status=status, headers=to, body=b""))
        assert elsewhere.heard == []


@pytest.mark.parametrize(
    ("answer", "is_answer"),
    [
        (Answer(status=429, body=b"slow down"), False),
        (Answer(status=503, body=b""), False),
        (Answer(status=408, body=b""), False),
        (Answer(status=500, body=b"<html>"), True),
        (Answer(status=502, body=b""), True),
        (Answer("a long caption", cut=True), True),
    ],
)
async def test_what_is_full_broken_or_cut_off_is_the_moments_fault(
    client: EndpointClient, stand_in: StandInCaptioner, answer: Answer, *, is_answer: bool
) -> None:
    with pytest.raises(CaptionerBusy) as fault:
        await said(client, stand_in, answer)
    assert (fault.value.is_answer, fault.value.retry_after_s) == (is_answer, None)


async def test_a_time_to_come_back_is_seconds_or_a_date_and_has_a_bound(
    client: EndpointClient, stand_in: StandInCaptioner
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1800), usegmt=True)
    for text, least, most in [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        (soon, 1600, 1800),
        ("1e9", LONGEST_REST_S, LONGEST_REST_S),
        ("-3", 0, 0),
    ]:
        with pytest.raises(CaptionerBusy) as fault:
            await said(
                client, stand_in, Answer(status=429, headers={"Retry-After": text}, body=b"")
            )
        assert fault.value.retry_after_s is not None
        assert least <= fault.value.retry_after_s <= most
    for text in ("soon", "nan", "Mon, 99 Foo"):
        with pytest.raises(CaptionerBusy) as fault:
            await said(
                client, stand_in, Answer(status=429, headers={"Retry-After": text}, body=b"")
            )
        assert fault.value.retry_after_s is None


async def test_silence_and_nobody_there_are_the_moments_fault(
    stand_in: StandInCaptioner,
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        client = EndpointClient(http, DIALECTS["openai"], stand_in.url, "m", "?", 5, 0.2)
        with pytest.raises(CaptionerBusy, match=r"0\.2 s") as fault:
            await said(client, stand_in, Answer(silent=True))
        assert fault.value.is_answer
        with caption_endpoint() as gone:
            url = gone.url
        client = EndpointClient(http, DIALECTS["openai"], url, "m", "?", 5, 20)
        with pytest.raises(CaptionerBusy, match="cannot be reached") as fault:
            await client.caption(b"picture")
        assert not fault.value.is_answer
