"""Names and messages as a terminal and a line-based program can take them."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import unicodedata
from typing import IO

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text

# Controls, line and paragraph separators, lone surrogates: a terminal obeys them, or a row ends.
_ESCAPED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})
# What turns the order of the characters after it round, so that a name is read as another.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_ERRORS = "photoseek_escape"


def escaped_name(name: str) -> str:
    """The name in one line, so that `printf %b` gives it back.

    A backslash is doubled; `\\n`, `\\t`, `\\r`, `\\xNN` and `\\uNNNN` stand for what cannot be
    shown. Everything else stays, joiners and variation selectors of emoji included.
    """
    return one_line(name.replace("\\", "\\\\"))


def file_name(shown: str) -> str:
    """The name that the API shows as text: a byte of it that is no UTF-8 as `\\xNN`.

    Such bytes come back as `os.fsdecode` gives them. A name in which this is meant as it stands
    is told by its file, where that is on this machine.
    """
    if _BYTE.search(shown) is None or os.path.lexists(shown):
        return shown
    name = _BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), shown)
    same = os.fsencode(name).decode("utf-8", "backslashreplace") == shown
    return name if same else shown


def shown_path(name: str) -> str:
    """Of a file, as the API shows it."""
    return display_text(os.fsencode(os.path.abspath(os.path.expanduser(name))))


def one_line(text: str) -> str:
    """A message in one line. Names in it may have been escaped already: backslashes stay."""
    return "".join(_escape(char) if _is_escaped(char) else char for char in text)


def printable(text: str) -> str:
    """Lines and tabs are meant; nothing else steers the terminal."""
    return "".join(_escape(c) if c not in "\n\t" and _is_escaped(c) else c for c in text)


def _is_escaped(char: str) -> bool:
    return unicodedata.category(char) in _ESCAPED_CATEGORIES or char in _REORDERING


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return _SHORT.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _encode_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_escape(c) for c in error.object[error.start : error.end]), error.end


def is_unicode(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def never_fail_on_encoding() -> None:
    """What the terminal's encoding lacks is escaped from now on, as in `escaped_name`."""
    codecs.register_error(_ERRORS, _encode_error)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)
