"""Decodes every poison in a process of its own with little memory, and prints what came of it.

Run as `python -m tests.unit.poison_child`: one JSON object a line.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

from tests.poison_files import poisons
from utils.contract import ClipUpload
from utils.imaging.decoding import ImageUnreadableError, decode_for_clip
from utils.imaging.formats import sniff
from utils.metadata.extractor import extract_metadata

ADDRESS_SPACE_BYTES = 3 * 1024**3
_UPLOAD = ClipUpload(side_px=64, crop="center")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    for poison in poisons():
        data = poison.make()
        before_kb = _peak_kb(reset=True)
        started_s = time.process_time()
        code = None
        try:
            decode_for_clip(data, _UPLOAD, max_pixels=300_000_000)
        except ImageUnreadableError as exc:
            code = exc.code
        known = sniff(data)
        if known is not None:
            extract_metadata(data, known)
        spent = {
            "name": poison.name,
            "code": code,
            "cpu_s": time.process_time() - started_s,
            "grown_kb": _peak_kb() - before_kb,
        }
        print(json.dumps(spent), flush=True)  # noqa: T201  # the parent reads it


def _peak_kb(*, reset: bool = False) -> int:
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    main()
