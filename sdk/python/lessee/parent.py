"""A plugin must not outlive its host, not even one that was killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import Callable

_SET, _GET = 1, 2  # PR_SET_PDEATHSIG, PR_GET_PDEATHSIG
_POLL = 0.5  # seconds


def watch(gone: Callable[[], None]) -> None:
    """Calls gone when the process that started this one ends. On Linux the kernel kills this one, too: a
    library that keeps Python's lock could not."""
    parent = os.getppid()
    if sys.platform == "linux":
        _ask_the_kernel()
    if os.getppid() != parent:  # it ended before the kernel was asked
        gone()
        return
    threading.Thread(target=_poll, args=(parent, gone), name="parent-watch", daemon=True).start()


def _poll(parent: int, gone: Callable[[], None]) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(_POLL)
    gone()


def _ask_the_kernel() -> None:
    """Leaves the signal that a host has chosen itself."""
    try:
        libc, chosen = ctypes.CDLL(None), ctypes.c_int(0)
        libc.prctl(_GET, ctypes.byref(chosen), 0, 0, 0)
        if chosen.value == 0:
            libc.prctl(_SET, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # no such call here: polling remains
