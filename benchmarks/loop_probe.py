"""How long a service's event loop was blocked: the worst of its answers to /health/live.

In a process of its own, so that what burdens the service does not burden the clock.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.cli.up.launcher import python_module
from utils.process.parent_death import dying_with_parent

PAUSE_S = 0.005
ANSWER_S = 60.0
ASK = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Seen:
    """`lost` connections had to be made anew, which counts as time of the answer."""

    worst_ms: float = 0.0
    answers: int = 0
    lost: int = 0


@contextmanager
def probed(port: int) -> Iterator[Seen]:
    """Asks until the block ends; what it saw is there then."""
    seen = Seen()
    command = dying_with_parent(
        python_module("benchmarks.loop_probe", str(port)), parent_pid=os.getpid()
    )
    with subprocess.Popen(  # this very interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()  # it has had its first answer
        try:
            yield seen
        finally:
            process.stdin.close()
            told = json.loads(process.stdout.readline())
            seen.worst_ms, seen.answers, seen.lost = told["worst_ms"], told["answers"], told["lost"]


def _ask(port: int, is_over: threading.Event) -> Seen:
    seen = Seen()
    sock: socket.socket | None = None
    while not is_over.wait(PAUSE_S):
        began_s = time.perf_counter()
        answer = b""
        while not answer:
            try:
                if sock is None:
                    sock = socket.create_connection(("127.0.0.1", port), ANSWER_S)
                sock.sendall(ASK)
                answer = sock.recv(65_536)
            except ConnectionError:
                answer = b""
            if not answer:
                seen.lost += 1
                if sock is not None:
                    sock.close()
                sock = None
        seen.answers += 1
        seen.worst_ms = max(seen.worst_ms, (time.perf_counter() - began_s) * 1000)
        if seen.answers == 1:
            print("asking", flush=True)
    if sock is not None:
        sock.close()
    return seen


def main() -> None:
    is_over = threading.Event()

    def until_closed() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=until_closed, daemon=True).start()
    print(json.dumps(vars(_ask(int(sys.argv[1]), is_over))), flush=True)


if __name__ == "__main__":
    main()
