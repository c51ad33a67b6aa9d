"""How the time and the memory of training grow with samples N, codewords K and dimensions D."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _bench
import _data
import _trainers
import numpy as np
from _workers import Outcome, Stopped, Worker

Point = dict[str, Any]

# Means of the samples' distributions: more than most codebooks have codewords.
N_PARTS = 1000

# Faster trainings say more about what a call costs at all than about growth.
LEAST_SECONDS = 1e-3


@dataclass(frozen=True)
class Sweep:
    """Sizes of which one grows."""

    letter: str
    """Which: N, K or D."""
    sizes: tuple[tuple[int, int, int], ...]
    """(N, D, K), rising."""


SWEEPS = (
    Sweep("N", tuple((round(10 ** (e / 2)), 4, 256) for e in range(8, 15))),
    Sweep("K", tuple((10**5, 4, 2**e) for e in range(4, 15, 2))),
    Sweep("D", tuple((10**5, 2**e, 256) for e in range(1, 9))),
)
QUICK_SWEEPS = (
    Sweep("N", ((500, 4, 8), (2000, 4, 8))),
    Sweep("K", ((500, 4, 8), (500, 4, 16))),
    Sweep("D", ((500, 2, 8), (500, 4, 8))),
)


def trainers(names: Sequence[str]) -> list[str]:
    """Return which of the named trainers this centnn knows; say which it does not."""
    reasons = {name: _trainers.why_not(name) for name in names}
    for name, reason in reasons.items():
        if reason is not None:
            print(f"note: {name} is left out: {reason}")
    return [name for name, reason in reasons.items() if reason is None]


def measure(trainer: str, sweep: Sweep, options: argparse.Namespace) -> Iterator[Point]:
    """Yield the figures of each size, up to the first that is too much: more would be too."""
    letter = sweep.letter
    reason = None
    for n, d, k in sweep.sizes:
        point: Point = {"trainer": trainer, "sweep": letter, "n": n, "d": d, "k": k}
        if reason is None:
            try:
                yield point | figures(fit(trainer, (n, d, k), options), n)
                continue
            except Stopped as stopped:
                reason = str(stopped)
        yield point | {"left_out": reason}


def fit(trainer: str, size: tuple[int, int, int], options: argparse.Namespace) -> Outcome:
    """Train once in a child process."""
    n, d, k = size
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples.npy")
        np.save(path, _data.mixture(n, d, N_PARTS))
        worker = Worker(trainer, path, k, options.threads)
        try:
            worker.wait_until_ready()
            return worker.fit(0, options.budget)
        finally:
            worker.close()


def figures(outcome: Outcome, n: int) -> Point:
    """Return the figures of a training of n samples."""
    return {
        "seconds": outcome.seconds,
        "cpu_seconds": outcome.cpu_seconds,
        "extra_bytes": outcome.peak_bytes,
        "extra_bytes_per_sample": outcome.peak_bytes / n,
    }


def exponent(points: Sequence[Point], quantity: str) -> float | None:
    """Return p of the power law, quantity ~ size^p, least squares of the logarithms."""
    letter = points[0]["sweep"].lower()
    pairs = [
        (point[letter], point[quantity])
        for point in points
        if point.get("seconds", 0) >= LEAST_SECONDS and point[quantity] > 0
    ]
    if len(pairs) < 2:
        return None
    sizes, values = np.log(np.array(pairs)).T
    return float(np.polyfit(sizes, values, 1)[0])


def exponents(points: Sequence[Point]) -> dict[str, float | None]:
    """Return the exponents of time and of memory."""
    return {name: exponent(points, name) for name in ("seconds", "cpu_seconds", "extra_bytes")}


def by_trainer_and_sweep(points: Sequence[Point]) -> dict[tuple[str, str], list[Point]]:
    """Return the points that belong together."""
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point["trainer"], point["sweep"]), []).append(point)
    return groups


def table(points: Sequence[Point]) -> str:
    """Return the points of one trainer and sweep as text, with their exponents."""
    heading = ["N", "D", "K", "seconds", "CPU s", "extra MB", "bytes / sample"]
    lines = [[*(str(point[letter]) for letter in "ndk"), *cells(point)] for point in points]
    title = f"{points[0]['trainer']}: {points[0]['sweep']} grows"
    laws = ", ".join(
        f"{name.replace('_', ' ')} ~ {points[0]['sweep']}^{power:.2f}"
        for name, power in exponents(points).items()
        if power is not None
    )
    return "\n".join([title, _bench.format_table(heading, lines), laws or "too few for a law", ""])


def cells(point: Point) -> list[str]:
    """Return the figures of a point, or why there are none."""
    if "left_out" in point:
        return [point["left_out"], "", "", ""]
    return [
        f"{point['seconds']:#.3g}",
        f"{point['cpu_seconds']:#.3g}",
        f"{point['extra_bytes'] / 1e6:.1f}",
        f"{point['extra_bytes_per_sample']:.1f}",
    ]


def plot(points: Sequence[Point], path: Path) -> None:
    """Draw time and memory against the sizes, both axes logarithmic."""
    from matplotlib.figure import Figure

    quantities = {"seconds": "seconds", "extra_bytes": "bytes above the samples"}
    figure = Figure((4 * len(SWEEPS), 3.4 * len(quantities)), layout="constrained")
    panels = figure.subplots(len(quantities), len(SWEEPS), squeeze=False)
    for (trainer, letter), group in by_trainer_and_sweep(points).items():
        column = [sweep.letter for sweep in SWEEPS].index(letter)
        measured = [point for point in group if "left_out" not in point]
        sizes = [point[letter.lower()] for point in measured]
        for line, quantity in zip(panels, quantities, strict=True):
            power = exponent(group, quantity)
            label = trainer if power is None else f"{trainer}: {letter}^{power:.2f}"
            line[column].loglog(sizes, [point[quantity] for point in measured], "o-", label=label)
    for line, title in zip(panels, quantities.values(), strict=True):
        line[0].set_ylabel(title)
        for panel, sweep in zip(line, SWEEPS, strict=True):
            panel.set_xlabel(sweep.letter)
            for axis in (panel.xaxis, panel.yaxis):
                _bench.plain_log_ticks(axis)
            panel.grid(color="0.9")
            if panel.lines:
                panel.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def describe(points: Sequence[Point], others: float | None, threads: int) -> dict[str, Any]:
    """Return what becomes the JSON line."""
    laws = [
        {"trainer": trainer, "sweep": letter, **exponents(group)}
        for (trainer, letter), group in by_trainer_and_sweep(points).items()
    ]
    return {
        "bench": "scale",
        "centnn": _bench.config(),
        "threads": threads,
        "cores_busy_elsewhere": others,
        "points": points,
        "exponents": laws,
    }


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trainers",
        nargs="+",
        choices=_trainers.TRAINERS,
        default=["fast", "balanced", "group"],
        help="efforts and algorithms of centnn, or peers",
    )
    parser.add_argument("--sweeps", default="NKD", metavar="LETTERS", help="which sizes grow")
    parser.add_argument(
        "--budget", type=float, default=60, metavar="SECONDS", help="the most for one training"
    )
    parser.add_argument("--threads", type=int, default=_bench.available_threads())
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw time and memory")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    return parser.parse_args()


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    load = _bench.OtherLoad()
    points = []
    for trainer in trainers(options.trainers):
        for sweep in QUICK_SWEEPS if options.quick else SWEEPS:
            if sweep.letter in options.sweeps:
                measured = list(measure(trainer, sweep, options))
                print(table(measured), flush=True)
                points += measured
    if not points:
        print("nothing to measure", file=sys.stderr)
        return 2
    summary = describe(points, load.mean(), options.threads)
    print(
        f"on {options.threads} threads, a mixture of {N_PARTS} normal distributions; "
        "extra: the highest memory above what was held before",
        *_bench.busy_line(summary["cores_busy_elsewhere"]),
        sep="\n",
    )
    if options.plot:
        plot(points, options.plot)
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
