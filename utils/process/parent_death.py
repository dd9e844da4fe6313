"""The kernel kills a process when the one that started it dies.

Run as a file, this asks for it and becomes another program: `python -I -S parent_death.py
PARENT_PID PROGRAM ARGUMENT...`. It imports nothing of the project, so that it costs a few
milliseconds. The request survives `exec`, and unlike a hook between fork and exec it cannot
deadlock a parent that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


def dying_with_parent(command: list[str], *, parent_pid: int) -> list[str]:
    """The command line that runs `command` for as long as the parent lives."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), str(parent_pid), *command]


def die_with_parent(parent_pid: int) -> bool:
    """Lets this process die with the thread that started it. False: that one is dead already.

    Linux looks at the thread, not at the process: start such a process from a thread that lasts.
    """
    if sys.platform == "linux":
        # SIGKILL: nobody is left who could insist when a polite signal is not obeyed.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent_pid  # it may have died before the kernel knew of the request


def main(arguments: list[str]) -> None:
    parent_pid, command = int(arguments[0]), arguments[1:]
    if die_with_parent(parent_pid):
        os.execvp(command[0], command)  # noqa: S606  # to become that program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
