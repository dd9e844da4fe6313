"""What a client that means harm sends, by bare sockets. Each attack blocks until it is over."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Event

from utils.contract import API_PREFIX

ANSWER_S = 30.0
MIB = 1024 * 1024
SEARCH = f"{API_PREFIX}/search/text"
IMAGE_SEARCH = f"{API_PREFIX}/search/image"
EMBED_TEXT = f"{API_PREFIX}/embed_text"
EMBED_BATCH = f"{API_PREFIX}/batch_embed_and_caption"
JSON = b"application/json"
FORM = b"multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything. `idle` and `slow` are connections, held for `hold_s`."""

    rounds: int = 25
    clients: int = 4
    body_mib: int = 78
    head_mib: int = 100
    idle: int = 2000
    slow: int = 300
    uploads: int = 16
    hold_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    run: Callable[[int], None]  # with the port of the service on the loopback


def against_orchestrator(scale: Scale) -> list[Attack]:
    wrong = _filling(b'{"query": "a", "filters": {"keywords": [', b"0,", b"0]}}")
    return [
        *_json_attacks(SEARCH, wrong, scale),
        *_connection_attacks(SEARCH, scale),
        Attack(f"{scale.uploads} uploads of 60 MiB at once", partial(_uploads, scale=scale)),
    ]


def against_inference(scale: Scale) -> list[Attack]:
    wrong = _filling(b'{"texts": [', b"0,", b"0]}")
    return [
        *_json_attacks(EMBED_TEXT, wrong, scale),
        *_connection_attacks(EMBED_TEXT, scale),
        Attack(
            f"{scale.slow} batches without a body",
            partial(_held, opening=_head(EMBED_BATCH, FORM, 10**6), scale=scale, drip=b""),
        ),
        Attack(
            f"{scale.slow} batches at a byte a second",
            partial(_held, opening=_head(EMBED_BATCH, FORM, 10**6), scale=scale, drip=b"-"),
        ),
    ]


Filling = Callable[[int], bytes]


def _filling(start: bytes, item: bytes, end: bytes) -> Filling:
    """A body of about so many bytes, out of many items."""
    return lambda size_bytes: start + item * (size_bytes // len(item)) + end


def _unknown_keys(size_bytes: int) -> bytes:
    return json.dumps({f"k{n}": 1 for n in range(size_bytes // 12)}).encode()


def _json_attacks(path: str, wrong: Filling, scale: Scale) -> list[Attack]:
    def attack(name: str, body: bytes, *, is_declared: bool = True) -> Attack:
        return Attack(
            name, partial(_bodies, path=path, body=body, scale=scale, declared=is_declared)
        )

    return [
        attack("4 MB of wrong list elements", wrong(4 * MIB)),
        attack("the same without a length", wrong(4 * MIB), is_declared=False),
        attack("250 KB of wrong list elements", wrong(250_000)),
        attack("4 MB of unknown keys", _unknown_keys(4 * MIB)),
        attack("250 KB of unknown keys", _unknown_keys(220_000)),
        attack("250 KB of nested lists", b"[" * 250_000),
        attack(f"{scale.body_mib} MB of wrong list elements", wrong(scale.body_mib * MIB)),
    ]


def _connection_attacks(path: str, scale: Scale) -> list[Attack]:
    start = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
    many = b"".join(b"X%d: a\r\n" % n for n in range(100_000))
    return [
        Attack(
            f"{scale.head_mib} MB in one header",
            partial(_pieces, first=start + b"X: ", piece=b"a" * MIB, scale=scale),
        ),
        Attack(
            f"{scale.head_mib} MB of headers",
            partial(_pieces, first=start, piece=many, scale=scale),
        ),
        Attack(f"{scale.idle} idle connections", partial(_idle, scale=scale)),
        Attack(
            f"{scale.slow} heads at a byte a second",
            partial(_held, opening=start, scale=scale, drip=b"a"),
        ),
        Attack(
            f"{scale.slow} bodies at a byte a second",
            partial(_held, opening=_head(path, JSON, 250_000), scale=scale, drip=b"["),
        ),
    ]


def _head(path: str, kind: bytes, length: int | None) -> bytes:
    size = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    first = b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % path.encode()
    return first + b"Content-Type: %s\r\n%s\r\n\r\n" % (kind, size)


def _bodies(port: int, *, path: str, body: bytes, scale: Scale, declared: bool) -> None:
    sent = _head(path, JSON, len(body)) + body
    if not declared:
        sent = _head(path, JSON, None) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    _at_once(scale, partial(_exchange, port, [sent]), times=scale.rounds * scale.clients)


def _pieces(port: int, *, first: bytes, piece: bytes, scale: Scale) -> None:
    pieces = [first, *[piece] * (scale.head_mib * MIB // len(piece) + 1)]
    _at_once(scale, partial(_exchange, port, pieces), times=scale.clients)


def _uploads(port: int, *, scale: Scale) -> None:
    body = [PART, *[b"x" * MIB] * 60, b"\r\n--B--\r\n"]
    pieces = [_head(IMAGE_SEARCH, FORM, sum(map(len, body))), *body]
    with ThreadPoolExecutor(scale.uploads) as pool:
        for _ in range(scale.uploads):
            pool.submit(_exchange, port, pieces)


def _idle(port: int, *, scale: Scale) -> None:
    with _connections(port, scale.idle, b""):
        Event().wait(scale.hold_s)


def _held(port: int, *, opening: bytes, scale: Scale, drip: bytes) -> None:
    with _connections(port, scale.slow, opening) as held:
        for _ in range(round(scale.hold_s)):
            Event().wait(1.0)
            for sock in held if drip else ():
                with suppress(OSError):
                    sock.sendall(drip)


@contextmanager
def _connections(port: int, count: int, opening: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        held = []
        for _ in range(count):
            with suppress(OSError):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), ANSWER_S))
                sock.sendall(opening)
                held.append(sock)
        yield held


def _at_once(scale: Scale, task: Callable[[], object], *, times: int) -> None:
    with ThreadPoolExecutor(scale.clients) as pool:
        for _ in range(times):
            pool.submit(task)


def _exchange(port: int, pieces: Sequence[bytes]) -> int | None:
    """The status of the answer; None where the connection ended without one."""
    received = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), ANSWER_S) as sock:
        with suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        while b"\r\n" not in received and (more := sock.recv(65_536)):
            received += more
    words = received.split(b" ", 2)
    return int(words[1]) if len(words) > 2 else None
