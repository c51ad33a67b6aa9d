"""What is chosen by the number of samples, dimensions and codewords: in one place, with reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass
class Plan:
    """How to train; all fields can be set otherwise, to measure what they buy."""

    n_near: int  # codewords in a list
    share: float  # of the codewords' moves, that counts against a row's slack
    n_parts: int  # parts of a round, between which codewords are brought up to date
    list_age: int = 4  # rounds that a list is used for
    overshoot: float = 1.25  # growth ends at this many times n_clusters
    growth: float = 1.5  # codewords after a step of growth, for one before
    stale: float = 0.3  # part of a cluster's weight that may change before its split is found anew
    shrink_part: float = 0.125  # of n_clusters, removed at a time
    has_tail: bool = True  # whether far-out rows look in all codewords at the end
    quiet: float = 0.001  # a settle ends when at most this part of the rows has moved
    n_breaths: int = 0
    breath: float = 0.25  # the first breath's growth, as a part of n_clusters
    breath_decay: float = 0.6  # after a breath that did not help, breathe this much less
    breath_shrink: float = 1 / 16
    breath_quiet: float = 0.002


# In few dimensions rounds cost little, and a breath gains most: codewords there are too few or too
# many for a region more often, as only neighbours exchange rows.
BREATHS_LOW = {"fast": 1, "balanced": 6, "best": 24}
BREATHS_HIGH = {"fast": 0, "balanced": 4, "best": 16}


def choose(n: int, d: int, k: int, effort: str) -> Plan:
    """Return the plan for n samples of d dimensions and k codewords."""
    # The lower the dimension, the fewer codewords share a border with one, and the better a row's
    # slack forecasts when it must be looked at: in high dimensions codewords move in all
    # directions, of which a row is concerned with one.
    if d <= 4:
        n_near, share = 32, 1.0
    elif d < 32:
        n_near, share = 48, 0.5
    else:
        n_near, share = 64, 0.25
    # In few dimensions growth is most of the time, as there are thousands of rows to a codeword
    # and a search is cheap; a breath mends what growing faster costs.
    is_low = d <= 4
    return Plan(
        n_near=n_near,
        share=share,
        # A function of the problem, never of the threads: the result must be the same anywhere.
        n_parts=max(1, min(4, n // 1024, k // 8)),
        growth=2.0 if is_low else 1.5,
        n_breaths=(BREATHS_LOW if is_low else BREATHS_HIGH)[effort],
    )


def choose_for_part(n: int, d: int, k: int, effort: str) -> Plan:
    """Return the plan for the codebook of one part of the vectors of a product quantizer.

    It is one of many, and mostly has hundreds of samples to a codeword: shorter lists and a quicker
    growth pay for a breath more, which gains more than they lose. With few samples, a breath would
    take half as long as all the rest, for what new samples have little of.
    """
    plan = choose(n, d, k, effort)
    return replace(
        plan,
        n_near=min(plan.n_near, 24),
        growth=2.0,
        quiet=0.003,
        n_breaths=max(plan.n_breaths, 1 if n >= 64 * k else 0),
        breath_quiet=0.004,
    )
