"""Whether a multipart form is there to its last boundary."""

from __future__ import annotations

from python_multipart.multipart import parse_options_header
from starlette.types import Message

from utils.problems import MalformedMultipart


class FormEnd:
    """Looks for the boundary that ends a form in the pieces of its body.

    Starlette takes a form that was cut off, without the field that it was cut in: a search would
    be answered from another collection than the one that was asked for.
    """

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        self._end = b"--" + options.get(b"boundary", b"") + b"--"
        self._tail = b""
        self._is_there = False

    def check(self, message: Message) -> None:
        """Raises MalformedMultipart where the body ends without it."""
        if self._is_there or message["type"] != "http.request":
            return
        content = self._tail + message.get("body", b"")
        self._is_there = self._end in content
        self._tail = content[-len(self._end) :]
        if not self._is_there and not message.get("more_body", False):
            raise MalformedMultipart("The form ends before its last boundary.")
