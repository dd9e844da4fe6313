"""A process that decodes what may crash, hang or eat memory: started by `decoder_pool` only.

It knows one parent, speaks with it over its standard input, and ends with it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable, Sequence

from utils.contract import ErrorCode
from utils.imaging import raw_developing
from utils.imaging.decoding import (
    Decoded,
    ImageUnreadableError,
    decode_for_models,
    open_upright,
)
from utils.imaging.faults.unreadable import unreadable_as
from utils.imaging.formats import Format, sniff
from utils.imaging.thumbnail import shrunk
from utils.process.parent_death import die_with_parent
from utils.sandbox import protocol

_DECODER_THREADS = max(4, os.cpu_count() or 1)
_STACK_BYTES = 256 * 1024

Answered = tuple[protocol.Answer, bytes]
Work = Callable[[protocol.Ask, bytes | int], Answered]  # a file's bytes, or a descriptor of it


def answer_to(ask: protocol.Ask, file: bytes | int) -> Answered:
    """Calls what was asked for. Raises ImageUnreadableError."""
    if isinstance(file, int) and ask.work == "develop":
        small = _developed(ask, file)
        return protocol.Answer(picture=protocol.head_of(small)), small.image.tobytes()
    if isinstance(file, int):
        found = raw_developing.read_preview(
            file, min_side_px=ask.min_side_px, max_pixels=ask.max_pixels
        )
        size = (found.width_px, found.height_px)
        if found.preview is None:
            return protocol.Answer(raw_size=size), b""
        head = protocol.head_of(found.preview)
        return protocol.Answer(picture=head, raw_size=size), found.preview.image.tobytes()
    if ask.upload is not None:
        squares = decode_for_models(
            file,
            ask.upload,
            whole_side_px=ask.whole_side_px,
            max_pixels=ask.max_pixels,
            small_side_px=ask.small_side_px,
        )
        whole = b"" if squares.whole is None else squares.whole.tobytes()
        pixels = squares.clip.tobytes() + whole
        if squares.small is None:
            return protocol.Answer(), pixels
        return protocol.Answer(small_size=squares.small.size), pixels + squares.small.tobytes()
    decoded = open_upright(file, min_side_px=ask.min_side_px, max_pixels=ask.max_pixels)
    return protocol.Answer(picture=protocol.head_of(decoded)), decoded.image.tobytes()


def _developed(ask: protocol.Ask, file: int) -> Decoded:
    """Scaled down here: what crosses to the service is what it needs."""
    whole = raw_developing.develop(file, min_side_px=ask.min_side_px, max_pixels=ask.max_pixels)
    small = shrunk(whole, ask.small_side_px)
    width, height = small.size
    area = (0.0, 0.0, float(width), float(height))
    return Decoded(small, width, height, area, Format.DNG, partial=False)


def serve(parent: socket.socket, work: Work) -> None:
    """Answers until the parent is gone, or until memory ran out once."""
    protocol.send(parent, protocol.Ready())
    last = False
    while not last:
        ask, data_bytes = protocol.receive(parent, protocol.Ask)
        if ask.has_descriptor:
            with open(protocol.receive_descriptor(parent), "rb") as file:
                answer, payload = _answered(work, ask, file.fileno())
        else:
            answer, payload = _answered(work, ask, protocol.receive_bytes(parent, data_bytes))
        protocol.send(parent, answer, payload)
        last = answer.last


def _answered(work: Work, ask: protocol.Ask, file: bytes | int) -> Answered:
    known = sniff(file) if isinstance(file, bytes) else None
    is_raw = isinstance(file, int) or (known is not None and known.is_raw)
    try:
        with unreadable_as(ErrorCode.DECODING_RAW if is_raw else ErrorCode.DECODING_IMAGE):
            return work(ask, file)
    except ImageUnreadableError as exc:
        lacked_memory = isinstance(exc.__cause__, MemoryError)
        if not lacked_memory and not _threads_can_be_started():
            sys.exit(protocol.NO_THREADS)  # nothing is known to be wrong with the file
        failure = protocol.Failure(code=exc.code, detail=exc.detail)
        # What is left of a memory that ran out is in pieces: the next file gets a fresh one.
        return protocol.Answer(failure=failure, last=lacked_memory), b""


def _threads_can_be_started() -> bool:
    """As many as a decoder may want. Without them some fail as they do at a damaged file."""
    threading.stack_size(_STACK_BYTES)  # or their address space might be what lacks
    end, started = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(_DECODER_THREADS):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        end.set()
        for thread in started:
            thread.join()
    return True


def bound_resources(memory_bytes: int) -> None:
    """Of this process, for good. The address space is what the kernel really refuses to exceed."""
    limits = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CORE, 0),  # a crash is expected, gigabytes on the disk are not
        (resource.RLIMIT_FSIZE, 0),  # a decoder has nothing to write
    )
    for kind, wanted in limits:
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def _offer_to_the_oom_killer() -> None:
    """A machine short of memory loses this process, and not the service."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def main(arguments: Sequence[str], work: Work = answer_to) -> None:
    """`arguments`: the parent's process id, and the bytes of memory that may be used."""
    parent_pid, memory_bytes = map(int, arguments)
    if not die_with_parent(parent_pid):
        return
    faulthandler.enable()
    _offer_to_the_oom_killer()
    bound_resources(memory_bytes)
    with socket.socket(fileno=0) as parent, contextlib.suppress(protocol.LostDecoderError):
        serve(parent, work)


if __name__ == "__main__":
    main(sys.argv[1:])
