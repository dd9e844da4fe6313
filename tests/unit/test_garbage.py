"""What stays for good is not looked at by each full garbage collection."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from ml_inference_fastapi_app.backends.torch_import import import_torch
import_torch()
frozen, looked_at = gc.get_freeze_count(), len(gc.get_objects())
assert frozen > 100_000, frozen
assert looked_at < frozen / 50, looked_at
import_torch()
assert gc.get_freeze_count() <= frozen, "once: what is loaded later may go again"
"""


def test_what_torch_made_is_looked_at_no_more() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
