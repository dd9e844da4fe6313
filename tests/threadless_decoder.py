"""A decoder process that the system lets start no thread, as at a user's limit of processes."""

from __future__ import annotations

import os
import resource
import sys

from utils.sandbox.worker import main

_NOBODY = 65534

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    if os.getuid() == 0:  # whom that limit does not bind
        os.setuid(_NOBODY)
    main(sys.argv[1:])
