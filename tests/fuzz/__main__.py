"""Fuzzes by hand: `python -m tests.fuzz opener --seconds 600`; what it finds is kept in a file.

With atheris, where it is installed (Linux, Python up to 3.13), guided by coverage; without it,
or with `--plain`, by mutation alone.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import time
from pathlib import Path

NAMES = ("metadata", "multipart", "opener", "sidecar")
INSTRUMENTED = ["utils", "ml_inference_fastapi_app.serving.multipart", "python_multipart"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    asked = parser.parse_args()
    asked.found.mkdir(parents=True, exist_ok=True)
    guided = not asked.plain and importlib.util.find_spec("atheris") is not None
    fuzz = _guided if guided else _plain
    fuzz(asked.target, asked.seconds, asked.found)


def _plain(name: str, seconds: int, found: Path) -> None:
    from tests.fuzz.mutation import mutated
    from tests.fuzz.targets import TARGETS, in_time

    target = TARGETS[name]
    given = target.seeds()
    number = time.time_ns()
    end_s = time.monotonic() + seconds
    runs = 0
    while time.monotonic() < end_s:
        data = mutated(given, number + runs)
        runs += 1
        kept = found / hashlib.sha256(data).hexdigest()[:16]
        kept.write_bytes(data)  # before it is tried: a crash leaves it behind
        try:
            in_time(target, data)
        except Exception as exc:  # noqa: BLE001  # whatever it is, it is what we look for
            sys.stdout.write(f"{kept}: {exc!r}\n")
        else:
            kept.unlink()
    sys.stdout.write(f"{runs} runs\n")


def _guided(name: str, seconds: int, found: Path) -> None:
    import atheris

    # Only what is looked for: to instrument all that it imports takes a minute and more.
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    corpus = found / "corpus"
    corpus.mkdir(exist_ok=True)
    for data in target.seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    atheris.Setup(
        [
            "photoseek",
            str(corpus),
            f"-max_total_time={seconds}",
            "-timeout=10",
            "-rss_limit_mb=3000",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
        ],
        lambda data: target.run(bytes(data)),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
