"""Ctrl-C in the middle of a call."""

import contextlib
import os
import signal
import sys
import threading
import time

import pytest

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


@contextlib.contextmanager
def pressed(after, within):
    """Press Ctrl-C after so many seconds: the call ends with KeyboardInterrupt within so many more.

    Threads that it has started are gone then.
    """
    n_threads = threading.active_count()
    at = []

    def press():
        at.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    assert time.perf_counter() - at[0] < within
    timer.join()
    assert threading.active_count() == n_threads
