"""The stages of training on large data, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._rounds import _grow, _plan, _round, _shrink
from centnn._rounds._begin import begin
from centnn._rounds._last import complete
from centnn._rounds._state import IS_DEBUG_BUILD, State
from centnn._rounds._team import Team

Array = NDArray[Any]
Monitor = Callable[[int, int, float], bool]

SETTLE_GROWN = 2  # rounds at the end of growth
SETTLE_SHRUNK = 6  # rounds at the end of removal
SETTLE_TAIL = 4  # rounds after the tail round
SETTLE_BREATH = 8  # rounds at the end of a breath
SHARED_WORK = 1e7  # N * D * K from which threads share the work
SETTLE_INIT = 50  # rounds from given codewords
ARRANGE = 8  # growth after which the rows are put in order again
WORTH_KEEPING = 1e-7  # the part by which a breath must lower the error


class StopTraining(Exception):  # noqa: N818 (no error)
    """The monitor has asked to stop."""


class Trainer:
    """A state, the plan, and the rounds so far."""

    def __init__(self, state: State, plan: _plan.Plan, monitor: Monitor) -> None:
        self.state = state
        self.plan = plan
        self.monitor = monitor
        self.n_rounds = 0
        self.age = 0  # rounds that the lists have been used for
        self.stopped = False

    def round(self, tail: bool = False) -> int:
        """Make one round; return how many rows moved."""
        plan = self.plan
        moves: int = _round.run(self.state, plan.n_parts, plan.share, self.age, tail)
        self.age = (self.age + 1) % plan.list_age
        self.n_rounds += 1
        if IS_DEBUG_BUILD:
            self.state.check()
        if self.monitor(self.n_rounds, self.state.k, self.state.error()):
            raise StopTraining
        return moves

    def settle(self, n_rounds: int, quiet: float) -> None:
        """Make at most n_rounds rounds, until at most the part `quiet` of the rows moves."""
        for _ in range(n_rounds):
            if self.round() <= quiet * self.state.n:
                break

    def grow(self, target: int, ratio: float, may_arrange: bool = False) -> None:
        """Split clusters up to `target` codewords in steps by `ratio`, a round after each."""
        state = self.state
        arranged = state.k
        while state.k < target:
            if may_arrange and state.k >= ARRANGE * arranged:
                state.arrange()
                arranged = state.k
            else:
                state.sort()
            step = min(target, max(state.k + 1, int(state.k * ratio)))
            if _grow.split(state, step, self.plan.stale) == 0:
                break
            self.age = 0
            self.round()

    def shrink(self, target: int, at_once: int) -> None:
        """Remove codewords down to `target`, `at_once` at a time, a round after each."""
        while self.state.k > target:
            n = min(at_once, self.state.k - target)
            _shrink.remove(self.state, n, self.plan.share, self.age)
            if not self.stopped:
                self.age = max(self.age, 1)
                self.round()

    def breathe(self, n_clusters: int) -> None:
        """Grow beyond n_clusters, shrink again, and keep what comes of it if it is better."""
        plan, state = self.plan, self.state
        part, failed = plan.breath, 0
        for _ in range(plan.n_breaths):
            n_more = max(1, int(part * n_clusters))
            if n_more == failed:  # nothing has changed, and so nothing else would come of it
                break
            error, saved = state.error(), state.snapshot()
            try:
                self.breath(n_clusters, n_more)
            except StopTraining:
                state.restore(saved)
                raise
            if state.error() >= error * (1 - WORTH_KEEPING):
                state.restore(saved)
                part *= plan.breath_decay
                failed = n_more

    def breath(self, n_clusters: int, n_more: int) -> None:
        """Grow by n_more codewords, and shrink again."""
        plan = self.plan
        self.grow(min(n_clusters + n_more, self.state.capacity), 2.0)
        self.settle(SETTLE_GROWN, 0.0)
        self.shrink(n_clusters, max(1, int(plan.breath_shrink * n_clusters)))
        self.settle(SETTLE_BREATH, plan.breath_quiet)

    def train(self, n_clusters: int, settle_only: bool) -> None:
        """Find n_clusters codewords from those that there are."""
        plan = self.plan
        if settle_only:
            self.grow(n_clusters, plan.growth)
            self.finish(SETTLE_INIT)
            return
        self.grow(int(plan.overshoot * n_clusters), plan.growth, may_arrange=True)
        self.state.arrange()
        self.settle(SETTLE_GROWN, plan.quiet)
        self.shrink(n_clusters, max(1, int(plan.shrink_part * n_clusters)))
        self.finish(SETTLE_SHRUNK)
        self.breathe(n_clusters)

    def finish(self, n_rounds: int) -> None:
        """Settle, with a tail round before the end."""
        self.settle(n_rounds, self.plan.quiet)
        if self.plan.has_tail:
            self.round(tail=True)
            self.settle(SETTLE_TAIL, self.plan.quiet)


def train(
    samples: Array,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    effort: str,
    monitor: Monitor,
    n_threads: int,
    *,
    init: NDArray[np.float64] | None = None,
    fixed: int = 0,
    plan: _plan.Plan | None = None,
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64], int]:
    """Return (centers (K, D), labels (N,), counts (K,), rounds).

    The first `fixed` codewords of `init` stay as they are. Without a plan one is chosen.
    """
    n, d = samples.shape
    plan = plan or _plan.choose(n, d, n_clusters, effort)
    capacity = int(max(plan.overshoot, 1 + plan.breath) * n_clusters) + 1
    # Below this, handing work to threads takes longer than the work.
    team = Team(n_threads if float(n) * d * n_clusters >= SHARED_WORK else 1)
    try:
        state = State(samples, weights, capacity, plan.n_near, team)
        trainer = Trainer(state, plan, monitor)
        begin(state, samples, init, fixed)
        try:
            trainer.train(n_clusters, settle_only=init is not None and not fixed)
            if state.k < n_clusters:
                labels = complete(samples, state.labels(), state.k, n_clusters)
                state.start_with(labels, n_clusters, state.fixed_codewords)
                trainer.settle(SETTLE_SHRUNK, plan.quiet)
        except StopTraining:
            trainer.stopped = True
            trainer.shrink(n_clusters, max(1, n_clusters // 8))
        centers, labels, counts = state.result()
        centers[:fixed] = state.fixed_codewords
        return centers, labels, counts, trainer.n_rounds
    finally:
        team.close()
