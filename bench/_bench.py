"""What the benchmarks share: fair timing, the FMA peak, tables and the JSON line."""

from __future__ import annotations

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

import centnn

# One timing is the mean of as many calls as fill this: the clock and the waking of threads
# vanish beside it.
SAMPLE_SECONDS = 0.02


def restart_without_blas_overrides() -> None:
    """Start this program anew if the environment slows NumPy's BLAS, which peers depend on.

    OPENBLAS_CORETYPE forces the kernels of one CPU model and OPENBLAS_L2_SIZE their blocking;
    OpenBLAS reads both when it is loaded, so that unsetting them later changes nothing.
    """
    overrides = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & os.environ.keys()
    if overrides:
        environment = {key: value for key, value in os.environ.items() if key not in overrides}
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def available_threads() -> int:
    """Return how many threads can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Contestant:
    """One call to time."""

    name: str
    """Whose call it is."""
    n_threads: int
    """Threads that it may use; set for BLAS and OpenMP from outside while it runs."""
    run: Callable[[], object]
    """The call."""


def race(
    contestants: Sequence[Contestant],
    repeats: int,
    budget: float,
    between: Callable[[], object] = lambda: None,
) -> dict[tuple[str, int], float]:
    """Time contestants in turns, so that a change of the machine's mood meets all of them.

    Parameters
    ----------
    contestants : sequence of Contestant
        Each is called once or twice before, untimed.
    repeats : int
        Rounds.
    budget : float
        Seconds for each contestant; one that needs more takes part in fewer rounds, but in three.
    between : callable
        Called at the start of each round.

    Returns
    -------
    dict
        Median seconds of a call, by name and number of threads.
    """
    pools = ThreadpoolController()
    plans = [_plan(pools, contestant, repeats, budget) for contestant in contestants]
    times: list[list[float]] = [[] for _ in contestants]
    for turn in range(repeats):
        between()
        for contestant, (rounds, calls), taken in zip(contestants, plans, times, strict=True):
            if turn < rounds:
                taken.append(_time(pools, contestant, calls))
    return {
        (contestant.name, contestant.n_threads): statistics.median(taken)
        for contestant, taken in zip(contestants, times, strict=True)
    }


def _plan(
    pools: ThreadpoolController, contestant: Contestant, repeats: int, budget: float
) -> tuple[int, int]:
    """Warm a contestant up; return its number of rounds and of calls in each."""
    sample_seconds = min(SAMPLE_SECONDS, budget)
    seconds = _time(pools, contestant, 1)
    if seconds < sample_seconds:
        # The first call may have paid for more than the work.
        seconds = _time(pools, contestant, 1)
    calls = max(1, round(sample_seconds / seconds))
    rounds = int(budget / (calls * seconds))
    return min(repeats, max(3, rounds)), calls


def _time(pools: ThreadpoolController, contestant: Contestant, calls: int) -> float:
    """Return the mean seconds of so many calls."""
    with pools.limit(limits=contestant.n_threads):
        _await_idle()
        start = time.perf_counter()
        for _ in range(calls):
            contestant.run()
        return (time.perf_counter() - start) / calls


def _await_idle() -> None:
    """Sleep until the threads that the last contestant left spinning have given up.

    OpenMP's and BLAS's threads burn a core for some milliseconds after the work has ended, here
    at the expense of the next contestant.
    """
    deadline = time.perf_counter() + 0.5
    idle = False
    while not idle and time.perf_counter() < deadline:
        before = time.process_time()
        time.sleep(0.002)
        idle = time.process_time() - before < 0.0005


class OtherLoad:
    """What other programs do to the machine meanwhile: figures from a busy one mean little."""

    def __init__(self) -> None:
        """Start to watch."""
        self._start = self._read()

    def mean(self) -> float | None:
        """Return how many cores others kept busy since the start; None if Linux does not tell."""
        if self._start is None or (now := self._read()) is None:
            return None
        seconds, busy = (after - before for before, after in zip(self._start, now, strict=True))
        return max(0.0, busy / seconds)

    @staticmethod
    def _read() -> tuple[float, float] | None:
        """Return the clock and the seconds that cores spent on others, both from any origin."""
        try:
            first_line = Path("/proc/stat").read_text().partition("\n")[0]
        except OSError:
            return None
        user, nice, system, _idle, _wait, irq, soft_irq, stolen, *_ = map(
            int, first_line.split()[1:]
        )
        busy = (user + nice + system + irq + soft_irq + stolen) / os.sysconf("SC_CLK_TCK")
        own = os.times()
        return time.perf_counter(), busy - sum(own[:4])


def busy_line(others: float | None) -> list[str]:
    """Return what `OtherLoad.mean` told, as the line of text that goes under a table, if any."""
    return [] if others is None else [f"other programs kept {others:.2f} cores busy"]


def config() -> dict[str, Any]:
    """Return what `centnn.show_config` returns; print nothing."""
    with redirect_stdout(StringIO()):
        return dict(centnn.show_config())


class FmaPeak:
    """The multiply-add rate of one thread; the maximum of what was measured through the run."""

    def __init__(self) -> None:
        """Compile the loop with `cc`; OSError or CalledProcessError if that cannot be done."""
        source = Path(__file__).with_name("peak.c")
        flags = ["-O3", "-ffp-contract=fast", "-shared", "-fPIC"]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            library = Path(folder, "peak.so")
            command = ["cc", *flags, str(source), "-o", str(library)]
            subprocess.run(command, check=True, capture_output=True)
            functions = ctypes.CDLL(str(library))
        functions.fma_isa.restype = ctypes.c_char_p
        functions.fma_rounds.restype = ctypes.c_double
        functions.fma_rounds.argtypes = [ctypes.c_long]
        self.isa: str = functions.fma_isa().decode()
        self.gflops = 0.0
        self._fma_rounds = functions.fma_rounds

    def measure(self) -> None:
        """Measure for some milliseconds."""
        _await_idle()
        for _ in range(3):
            start = time.perf_counter()
            n_operations = self._fma_rounds(1_000_000)
            seconds = time.perf_counter() - start
            self.gflops = max(self.gflops, n_operations / seconds / 1e9)


def fma_peak() -> FmaPeak | None:
    """Return the means to measure the FMA peak; None, and say why, if there is no compiler."""
    try:
        return FmaPeak()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"note: no FMA peak, since peak.c cannot be compiled and loaded ({error})")
        return None


def format_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells in aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [heading, ["-" * width for width in widths], *rows]
    )


def plain_log_ticks(axis: Any) -> None:
    """Label a logarithmic axis of a plot, whose data are drawn already, with plain numbers."""
    from matplotlib.ticker import LogLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(LogLocator(subs=()))


def put_json(result: dict[str, Any], path: Path | None) -> None:
    """Write a result as one line of JSON to a file, or print it."""
    line = json.dumps(result)
    if path is None:
        print(line)
    else:
        path.write_text(line + "\n")
