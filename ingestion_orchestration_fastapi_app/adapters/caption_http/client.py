"""One endpoint over HTTP: what is asked of it, and each way in which it may not answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from anyio import fail_after
from pydantic import JsonValue

from ingestion_orchestration_fastapi_app.adapters.caption_http.dialects import (
    Dialect,
    UnlikeReplyError,
)
from ingestion_orchestration_fastapi_app.domain.captions.replies import cleaned_caption, thought_out
from ingestion_orchestration_fastapi_app.ports.captioner import CaptionerBusy, CaptionerFault
from utils.contract import ErrorCode
from utils.problems import Rejected, resource_shortage

MOST_REPLY_BYTES = 256 * 1024
CONNECT_TIMEOUT_S = 10.0
LONGEST_REST_S = 3600.0  # whatever an endpoint asks for
_BUSY = frozenset({408, 425, 429})
_SHOWN = 300  # characters of what an endpoint says


@dataclass(frozen=True, slots=True)
class EndpointClient:
    """Implements `CaptionEndpoint`. `asked` is the whole instruction. The httpx client belongs to
    the caller, and follows no redirect: a picture goes where the setting says, and nowhere else.
    """

    http: httpx.AsyncClient
    dialect: Dialect
    url: str
    model: str
    asked: str
    most_words: int
    timeout_s: float
    key: str | None = field(default=None, repr=False)

    async def caption(self, jpeg: bytes) -> str | Rejected:
        body = self.dialect.body(self.model, self.asked, jpeg)
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        try:
            with fail_after(self.timeout_s):
                status, told, content = await self._sent(body, headers)
        except TimeoutError as exc:
            raise CaptionerBusy(f"it did not answer in {self.timeout_s:g} s") from exc
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise CaptionerBusy("it cannot be reached", is_answer=False) from exc
        except httpx.TransportError as exc:
            raise CaptionerBusy("the connection was lost before it answered") from exc
        except (RuntimeError, OSError) as exc:
            lacking = resource_shortage(exc)
            if lacking is None:
                raise
            raise CaptionerBusy(lacking.detail, is_answer=False) from exc
        self._check_status(status, told, content)
        return self._caption(self._parsed(told, content))

    async def _sent(
        self, body: Mapping[str, JsonValue], headers: Mapping[str, str]
    ) -> tuple[int, httpx.Headers, bytes]:
        """What is longer than a caption could be is not read to its end."""
        async with self.http.stream(
            "POST",
            self.dialect.url(self.url),
            json=body,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            timeout=httpx.Timeout(self.timeout_s, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        ) as response:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise CaptionerFault("its answer is packed, which was not asked for")
            content = bytearray()
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > MOST_REPLY_BYTES:
                    raise CaptionerFault(f"its answer has more than {MOST_REPLY_BYTES} bytes")
            return response.status_code, response.headers, bytes(content)

    def _check_status(self, status: int, told: httpx.Headers, content: bytes) -> None:
        if 200 <= status < 300:
            return
        said = self._why(content)
        if status in _BUSY or status >= 500:
            rest_s = _retry_after_s(told)
            is_answer = status not in _BUSY and status != 503
            raise CaptionerBusy(
                f"it answered {status}{said}", retry_after_s=rest_s, is_answer=is_answer
            )
        if 300 <= status < 400:
            raise CaptionerFault(f"it answered {status}, and redirects are not followed")
        hint = {
            401: "is CAPTION_KEY right?",
            403: "is CAPTION_KEY right?",
            404: "are CAPTION_URL, CAPTION_API and CAPTION_MODEL right?",
        }.get(status, "")
        raise CaptionerFault(f"it answered {status}{said}{': ' if hint else ''}{hint}")

    def _parsed(self, told: httpx.Headers, content: bytes) -> Mapping[str, JsonValue]:
        media_type = told.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise CaptionerFault(f"its answer is {media_type or 'of no type'}, and no JSON")
        try:
            reply = json.loads(content)
        except (ValueError, RecursionError) as exc:
            raise CaptionerFault("its answer is broken JSON") from exc
        if not isinstance(reply, dict):
            raise CaptionerFault("its answer is no JSON object")
        if reply.get("error"):
            raise CaptionerFault(f"it answered 200 with an error{self._why(content)}")
        return reply

    def _caption(self, reply: Mapping[str, JsonValue]) -> str | Rejected:
        try:
            said = self.dialect.said(reply)
        except UnlikeReplyError as exc:
            raise CaptionerFault(f"its answer is none of the protocol: {exc}") from exc
        if said.refusal is not None:
            why = self._shown(said.refusal)
            return Rejected(ErrorCode.CAPTION_REFUSED, f"the model refuses to say: {why}")
        return cleaned_caption(thought_out(said.text), most_words=self.most_words)

    def _why(self, content: bytes) -> str:
        """What it says itself, where it says it as these protocols do."""
        try:
            reply = json.loads(content)
        except (ValueError, RecursionError):
            return ""
        error = reply.get("error") if isinstance(reply, dict) else None
        text = error.get("message") if isinstance(error, dict) else error
        return f" ({self._shown(text)})" if isinstance(text, str) and text else ""

    def _shown(self, text: str) -> str:
        """Foreign text, which may repeat the key."""
        bare = text.replace(self.key, "***") if self.key else text
        cleaned = cleaned_caption(bare[: 4 * _SHOWN])
        return cleaned[:_SHOWN] if isinstance(cleaned, str) else "no words"


def _retry_after_s(told: httpx.Headers) -> float | None:
    """Seconds, or a date."""
    text = told.get("Retry-After", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_REST_S) if seconds == seconds else None  # NaN
