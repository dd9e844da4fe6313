"""Comments and indents stay with who reads the sources: they are a fifth of what would be sent.

Comments that have lines of their own are left out, `/** … */` anywhere, and what lines begin with.
Nothing else of a module changes, and every line keeps its number. No text of the app may look like
a comment, and no template literal may go over several lines: a test holds that.
"""

from __future__ import annotations

import re

_COMMENTS = re.compile(
    rb"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)$|/\*\*[^\n]*?\*/ ?", re.MULTILINE | re.DOTALL
)
_INDENTS = re.compile(rb"^[ \t]+", re.MULTILINE)


def without_comments(module: bytes) -> bytes:
    """A module of the app with empty lines in the place of its comments, and without indents."""
    code = _COMMENTS.sub(lambda found: b"\n" * found[0].count(b"\n"), module)
    return _INDENTS.sub(b"", code)
