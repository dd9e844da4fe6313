"""What a captioner at an endpoint is told, and the fingerprint of what it would say then."""

from __future__ import annotations

import hashlib
import json

from ingestion_orchestration_fastapi_app.domain.files.artefacts import OF_ENDPOINT

DEFAULT_PROMPT = (
    "Describe this photograph in one plain sentence: who or what is to be seen, where, and what "
    "happens. Write the sentence alone."
)
_HEX_DIGITS = 16


def instructions(prompt: str, *, language: str | None, most_words: int) -> str:
    """The language and the length belong to what is asked, and so to the fingerprint."""
    parts = [prompt.strip(), f"Use at most {most_words} words."]
    if language is not None:
        parts.append(f"Answer in {language}.")
    return " ".join(parts)


def endpoint_fingerprint(model: str, asked: str) -> str:
    """The same wherever the model is served."""
    text = json.dumps([model, asked], ensure_ascii=True)
    return OF_ENDPOINT + hashlib.sha256(text.encode()).hexdigest()[:_HEX_DIGITS]
