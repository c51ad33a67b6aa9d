"""Training in child processes: each has its own memory and threads, and can be stopped."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import _trainers
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[Any]

# Not "fork": OpenMP's threads do not survive it.
CONTEXT = multiprocessing.get_context("spawn")

# Between two fits: OpenMP's and BLAS's threads spin for a while after their work has ended.
REST_SECONDS = 0.1

# Importing, loading and warming up have no share in the budget, but an end.
START_SECONDS = 300


class Stopped(Exception):  # noqa: N818 (it is an answer, not an error)
    """The trainer gave no codebook; the message says why, in a few words."""


@dataclass(frozen=True)
class Outcome:
    """What one training gave."""

    centers: Array
    n_iter: int | None
    seconds: float
    """On the clock."""
    cpu_seconds: float
    """Of all threads."""
    peak_bytes: int
    """Memory at its highest, above what the process held before."""


class Worker:
    """A child process that holds samples and trains on them with one trainer, again and again."""

    def __init__(self, trainer: str, path: Path, k: int, n_threads: int) -> None:
        """Start it; `path` is a .npy file of samples."""
        self._pipe, far_end = CONTEXT.Pipe()
        arguments = (far_end, trainer, path, k, n_threads)
        self._process = CONTEXT.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        far_end.close()

    def wait_until_ready(self) -> None:
        """Wait until it has loaded the samples and warmed up."""
        self._receive(START_SECONDS)

    def fit(self, seed: int, budget: float) -> Outcome:
        """Train once; raise Stopped if it fails or takes more seconds than the budget."""
        time.sleep(REST_SECONDS)
        self._pipe.send(seed)
        outcome = self._receive(budget)
        assert isinstance(outcome, Outcome)
        return outcome

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _receive(self, seconds: float) -> object:
        if not self._pipe.poll(seconds):
            raise Stopped(f"> {seconds:g} s")
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise Stopped("died") from None
        if isinstance(answer, Stopped):
            raise answer
        return answer


def _serve(pipe: Connection, name: str, path: Path, k: int, n_threads: int) -> None:
    """Train whenever a seed comes through the pipe; send back the outcomes."""
    warnings.simplefilter("ignore")  # the peers': about duplicates and the like
    _limit_memory()
    X = _trainers.load(name, path)
    trainer = _trainers.TRAINERS[name]
    warm_up = 255 * np.random.default_rng(0).random((512, X.shape[1]))
    trainer(warm_up.astype(X.dtype), 8, 0, n_threads)
    pipe.send("ready")
    with threadpool_limits(n_threads):
        while True:
            seed = pipe.recv()
            try:
                answer: object = _timed(trainer, X, k, seed, n_threads)
            except MemoryError:
                answer = Stopped("memory")
            except Exception as error:
                answer = Stopped(f"{type(error).__name__}: {error}")
            pipe.send(answer)


def _timed(trainer: _trainers.Trainer, X: Array, k: int, seed: int, n_threads: int) -> Outcome:
    held = forget_peak()
    cpu_start, start = time.process_time(), time.perf_counter()
    centers, n_iter = trainer(X, k, seed, n_threads)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Outcome(centers, n_iter, seconds, cpu_seconds, max(0, peak() - held))


def _limit_memory() -> None:
    """Let this process have half of the machine's memory: more ends in a MemoryError."""
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    resource.setrlimit(resource.RLIMIT_AS, (half, half))


def forget_peak() -> int:
    """Start to look for the peak anew; return the bytes held now.

    Linux alone can forget it. Elsewhere, a peak below that of the start is not seen.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return the highest number of bytes that this process has held.

    Not getrusage's figure where there is another: a child's starts with that of its parent.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])
