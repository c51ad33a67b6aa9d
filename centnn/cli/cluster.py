"""Clusters that the command line works on, and what it shows of their work."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from centnn.cli.errors import UsageError

__all__ = ["connected", "task_progress"]

LOCAL = "local"
ADDRESS = r"(\w+://)?[^/]+:\d+"
SECONDS_TO_ANSWER = 10

# Between two looks at what has been done.
REFRESH_SECONDS = 0.5


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give a client of the cluster at an address, or of processes of this machine.

    Dask computes there meanwhile.
    """
    try:
        import distributed
    except ImportError:
        message = "--dask needs dask, which is missing: pip install 'centnn[dask]'"
        raise ValueError(message) from None
    if address != LOCAL and not re.fullmatch(ADDRESS, address):
        raise UsageError(
            "--dask must be local or the address of a scheduler, such as tcp://10.0.0.1:8786, "
            f"got {address!r}"
        )
    with contextlib.ExitStack() as stack:
        where = address
        if address == LOCAL:
            where = stack.enter_context(
                distributed.LocalCluster(
                    threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
                )
            )
        try:
            client = stack.enter_context(
                distributed.Client(where, timeout=SECONDS_TO_ANSWER, set_as_default=False)
            )
        except OSError as error:
            raise ValueError(
                f"--dask {address}: no scheduler of dask answers there ({error}); `dask scheduler` "
                "starts one, and --dask local does without"
            ) from None
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
        except TimeoutError:
            raise ValueError(
                f"--dask {address}: the scheduler has no workers; `dask worker {address}` starts "
                "some"
            ) from None
        stack.enter_context(client.as_current())
        yield client


@contextlib.contextmanager
def task_progress(client: Any, *, quiet: bool) -> Iterator[None]:
    """Count the tasks that a cluster has done, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return

    from tqdm import tqdm

    client.get_task_stream(count=0)  # from now on the scheduler takes note of what is done
    done = threading.Event()
    with tqdm(unit=" tasks", leave=False, mininterval=0) as bar:
        watching = threading.Thread(target=_watch, args=(client, bar, done), daemon=True)
        watching.start()
        try:
            yield
        finally:
            done.set()
            watching.join()


def _watch(client: Any, bar: Any, done: threading.Event) -> None:
    """Move a bar until all is done."""
    since = time.time()
    while not done.wait(REFRESH_SECONDS):
        now = time.time()
        tasks = client.get_task_stream(start=since, stop=now)
        since = now
        if tasks:
            bar.set_description(_stage(tasks[-1]["key"]), refresh=False)
        bar.update(len(tasks))


def _stage(key: Any) -> str:
    """Return what a task does, in a word."""
    from dask.utils import key_split

    return str(key_split(key)).removeprefix("centnn-").strip("_")
