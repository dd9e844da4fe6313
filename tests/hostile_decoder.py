"""A decoder process that does what a file tells it to: a decoder with a bug, or taken over.

`python -m tests.hostile_decoder`, as `utils.sandbox.worker` is started.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from utils.sandbox import worker
from utils.sandbox.protocol import Answer, Ask

Answered = tuple[Answer, bytes]


def gif(order: str) -> bytes:
    """A GIF by its first bytes, so that it goes to a decoder process."""
    return b"GIF89a" + (40).to_bytes(2, "little") * 2 + b"!" + order.encode()


def _hang(_argument: str) -> Answered:
    ctypes.PyDLL(None).pause()  # native, and without giving the interpreter back
    raise AssertionError


def _eat_memory(_argument: str) -> Answered:
    eaten = []
    while True:
        eaten.append(bytearray(32 * 1024 * 1024))


def _throw_bad_alloc(_argument: str) -> Answered:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def _segfault(_argument: str) -> Answered:
    ctypes.string_at(0)
    raise AssertionError


def _die_once(path: str) -> Answered:
    """As the kernel's OOM killer would have it, as long as there is a file at `path`."""
    if os.path.exists(path):
        os.unlink(path)
        os.kill(os.getpid(), signal.SIGKILL)
    return Answer(), bytes(12)


def _die_as_often(folder: str) -> Answered:
    """Once for each file in the folder."""
    for name in os.listdir(folder):
        _die_once(os.path.join(folder, name))
    return Answer(), bytes(12)


def _exit(_argument: str) -> Answered:
    sys.exit(3)


def _lie(_argument: str) -> Answered:
    return Answer(raw_size=(10, 10)), b"more than was asked for"


def _draw(sides: str) -> Answered:
    """A small picture of that width and height, whatever was asked for."""
    width, height = map(int, sides.split())
    return Answer(small_size=(width, height)), bytes(12 + 3 * width * height)


def _make_noise(_argument: str) -> Answered:
    for _ in range(100):
        try:
            os.write(2, b"libnoise: warning, a warning\n" * 1000)
        except BlockingIOError:
            break
    else:
        raise AssertionError("nothing bounds the noise")
    return Answer(), bytes(12)


def _read_secrets(_argument: str) -> Answered:
    assert "PHOTOSEEK_TEST_SECRET" not in os.environ  # noqa: TID251
    with open("/dev/null", "rb") as opened:
        assert opened.fileno() == 3, "no file, socket or lock of the parent is open here"
    return Answer(), bytes(12)


_ORDERS: dict[bytes, Callable[[str], Answered]] = {
    b"hang": _hang,
    b"eat memory": _eat_memory,
    b"bad_alloc": _throw_bad_alloc,
    b"segfault": _segfault,
    b"die once ": _die_once,
    b"die as often as ": _die_as_often,
    b"exit": _exit,
    b"lie": _lie,
    b"draw ": _draw,
    b"make noise": _make_noise,
    b"read secrets": _read_secrets,
}


def obeying(ask: Ask, file: bytes | int) -> Answered:
    for order, obey in _ORDERS.items():
        if isinstance(file, bytes) and file.startswith(order, 11):
            return obey(file[11 + len(order) :].decode())
    return worker.answer_to(ask, file)


if __name__ == "__main__":
    worker.main(sys.argv[1:], obeying)
