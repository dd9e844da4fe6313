"""The two protocols: where and how a picture is asked about, and where the words stand."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

DialectName = Literal["openai", "ollama"]

REFUSALS = frozenset({"content_filter", "safety"})  # why a model ended without words


@dataclass(frozen=True, slots=True)
class Said:
    """`refusal`: why the model says nothing of this picture, where it gives a reason."""

    text: str
    refusal: str | None = None


class UnlikeReplyError(Exception):
    """It is none of the protocol; the text says what was met instead."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`path` is what the address ends with. `said` raises UnlikeReplyError."""

    path: str
    body: Callable[[str, str, bytes], dict[str, JsonValue]]
    said: Callable[[Mapping[str, JsonValue]], Said]

    def url(self, base: str) -> str:
        """With or without the path: people paste either."""
        bare = base.rstrip("/")
        return bare if bare.endswith(self.path) else bare + self.path


def _openai_body(model: str, asked: str, jpeg: bytes) -> dict[str, JsonValue]:
    """No length and no temperature: which words for them are taken differs by model."""
    picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    content: list[JsonValue] = [
        {"type": "text", "text": asked},
        {"type": "image_url", "image_url": {"url": picture}},
    ]
    return {"model": model, "stream": False, "messages": [{"role": "user", "content": content}]}


def _openai_said(reply: Mapping[str, JsonValue]) -> Said:
    choices = reply.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise UnlikeReplyError("it holds no message of a model")
    refusal, ended = message.get("refusal"), first.get("finish_reason")
    if isinstance(refusal, str) and refusal:
        return Said("", refusal)
    text = _text(message.get("content"))
    if not text and isinstance(ended, str) and ended in REFUSALS:
        return Said("", f"it was filtered ({ended})")
    return Said(text)


def _text(content: JsonValue) -> str:
    """A text, or parts of which some are texts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, dict)]
        return " ".join(one for one in parts if isinstance(one, str))
    raise UnlikeReplyError("its message is no text")


def _ollama_body(model: str, asked: str, jpeg: bytes) -> dict[str, JsonValue]:
    message: dict[str, JsonValue] = {
        "role": "user",
        "content": asked,
        "images": [base64.b64encode(jpeg).decode()],
    }
    return {
        "model": model,
        "stream": False,
        "messages": [message],
        "options": {"temperature": 0},
    }


def _ollama_said(reply: Mapping[str, JsonValue]) -> Said:
    message = reply.get("message")
    if not isinstance(message, dict):
        raise UnlikeReplyError("it holds no message of a model")
    return Said(_text(message.get("content")))


DIALECTS: Mapping[DialectName, Dialect] = {
    "openai": Dialect("/chat/completions", _openai_body, _openai_said),
    "ollama": Dialect("/api/chat", _ollama_body, _ollama_said),
}
