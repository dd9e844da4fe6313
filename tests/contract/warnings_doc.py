"""The table of warnings in docs/rest-api.md: `python -m tests.contract.warnings_doc` writes it."""

from __future__ import annotations

from pathlib import Path

from utils.contract.warnings import SENTENCES

DOCUMENT = Path(__file__).parents[2] / "docs/rest-api.md"
BEGIN, END = "<!-- warnings -->\n", "\n<!-- end of warnings -->"


def table() -> str:
    rows = (f"| `{code}` | {sentence} |" for code, sentence in SENTENCES.items())
    return "\n".join(("| `code` | in English, with its `params` |", "|---|---|", *rows))


def split(text: str) -> tuple[str, str, str]:
    """What stands before the table, the table, and what stands behind it."""
    before, begin, rest = text.partition(BEGIN)
    written, end, after = rest.partition(END)
    assert end, "no place for the warnings"
    return before + begin, written, end + after


if __name__ == "__main__":
    before, _, after = split(DOCUMENT.read_text())
    DOCUMENT.write_text(before + table() + after)
