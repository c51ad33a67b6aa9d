"""Several solutions that are crossed while that gives better ones."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._worklist.solver import Solver

MORE_GROWTHS = (1.25, 1.1)
MAX_CROSSINGS = 20
PATIENCE = 100
SAME = 1e-7  # relative: errors so close are those of one solution
POLL_SECONDS = 0.05


@dataclass
class Solution:
    """A partition and its error."""

    labels: NDArray[np.int32]
    error: float
    number: int
    """In the order of creation."""


class Population:
    """Three solutions, of which the first one is that of a solver, which in the end has the best.

    Solutions are independent and so are crossings of one generation: they are found side by side,
    each by one solver. Who works on what does not matter to the result.
    """

    def __init__(self, solver: Solver, samples: Any, weights: Any) -> None:
        self.solver = solver
        self.samples = samples
        self.n_clusters = solver.state.n_clusters
        self.solutions = [Solution(solver.state.labels(), solver.state.error, 0)]
        self.n_made = 1
        n_workers = min(len(MORE_GROWTHS), solver.n_threads)
        n_threads = solver.n_threads // n_workers
        self.workers = [
            Solver(samples, weights, self.n_clusters, n_threads) for _ in range(n_workers)
        ]

    def evolve(self) -> None:
        """Find the other solutions, cross, and put the best one into the solver."""
        self._add(self._run([self._growing(ratio) for ratio in MORE_GROWTHS]))
        crossed: set[tuple[int, int]] = set()
        while not self.solver.is_stopped:
            pairs = [
                pair
                for pair in itertools.combinations(self.solutions, 2)
                if (pair[0].number, pair[1].number) not in crossed
            ][: MAX_CROSSINGS - len(crossed)]
            if not pairs:
                break
            crossed.update((a.number, b.number) for a, b in pairs)
            self._add(self._run([self._crossing(a, b) for a, b in pairs]))
        self.solver.load(self.solutions[0].labels, self.n_clusters)

    def _growing(self, ratio: float) -> Callable[[Solver], None]:
        def work(worker: Solver) -> None:
            worker.load(np.zeros(len(self.samples), dtype=np.int32), 1)
            worker.grow(self.n_clusters, ratio)
            worker.settle()
            worker.swap(PATIENCE)

        return work

    def _crossing(self, a: Solution, b: Solution) -> Callable[[Solver], None]:
        def work(worker: Solver) -> None:
            worker.load(a.labels, self.n_clusters)
            worker.cross(b.labels)
            worker.swap(PATIENCE)

        return work

    def _add(self, found: Iterable[Solution]) -> None:
        """Keep the best three of all, no two of them the same."""
        for solution in found:
            if all(abs(solution.error - s.error) > SAME * s.error for s in self.solutions):
                self.solutions.append(solution)
        self.solutions.sort(key=lambda s: (s.error, s.number))
        del self.solutions[1 + len(MORE_GROWTHS) :]

    def _run(self, jobs: list[Callable[[Solver], None]]) -> Iterator[Solution]:
        """Do jobs side by side; return their solutions in order, reporting each."""
        idle: queue.SimpleQueue[Solver] = queue.SimpleQueue()
        for worker in self.workers:
            idle.put(worker)

        def do(job: Callable[[Solver], None]) -> tuple[NDArray[np.int32], float] | None:
            worker = idle.get()
            try:
                job(worker)
                complete = not worker.is_stopped
                return (worker.state.labels(), worker.state.error) if complete else None
            finally:
                idle.put(worker)

        with ThreadPoolExecutor(len(self.workers)) as pool:
            futures = [pool.submit(do, job) for job in jobs]
            try:
                for future in futures:
                    while not future.done():
                        wait([future], POLL_SECONDS)  # not for long, to notice Ctrl-C
                    if (result := future.result()) is not None:
                        yield Solution(*result, self.n_made)
                        self.n_made += 1
                    if self.solver.report():
                        self._stop()
            except BaseException:
                self._stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _stop(self) -> None:
        for worker in self.workers:
            worker.stop()
