"""What train.py shows: tables, a plot, and which of the promised figures were reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _bench
import _figures
import _trainers

Result = dict[str, Any]

# The plot ends here: so many times the least distortion.
PLOT_TIMES = 1.2


def table(row: Result) -> str:
    """Return a row's results as text."""
    if "article" in row["tags"]:
        heading = ["epochs", "seconds", "CPU s", "distortion", "PSNR"]
        lines = [[name, *article_cells(result)] for name, result in row["results"].items()]
    else:
        heading = ["seconds", "CPU s", "distortion", "time / x1", "distortion / x10"]
        lines = [[name, *cells(row, result)] for name, result in row["results"].items()]
        if "reference" in row["tags"]:
            heading.append("SSE / ref")
            for line, result in zip(lines, row["results"].values(), strict=True):
                line.append(f"{result['sse_over_reference']:.5f}")
    title = f"{row['name']}  (N = {row['n']}, D = {row['d']}, K = {row['k']}, {row['dtype']})"
    parts = [title, _bench.format_table(["trainer", *heading], lines)]
    if row["left_out"]:
        reasons = ", ".join(f"{name} ({reason})" for name, reason in row["left_out"].items())
        parts.append(f"left out: {reasons}")
    return "\n".join(parts) + "\n"


def article_cells(result: Result) -> list[str]:
    """Return what the article tells of a training of grey levels."""
    psnr = 10 * math.log10(255**2 / result["distortion"])
    return [str(result["n_iter"]), *figures(result), f"{psnr:.2f}"]


def cells(row: Result, result: Result) -> list[str]:
    """Return the figures of a trainer, and their ratios to those of k-means++."""
    once, ten = (row["results"].get(f"k-means++ x{n}") for n in (1, 10))
    return [
        *figures(result),
        f"{result['seconds'] / once['seconds']:.3f}" if once else "-",
        f"{result['distortion'] / ten['distortion']:.4f}" if ten else "-",
    ]


def figures(result: Result) -> list[str]:
    """Return seconds and distortion with as many digits as mean something."""
    seconds = [f"{result[name]:#.3g}" for name in ("seconds", "cpu_seconds")]
    return [*seconds, f"{result['distortion']:#.6g}"]


def plot(rows: Sequence[Result], path: Path) -> None:
    """Draw distortion against seconds, a panel a row: what is left of and below all others wins."""
    from matplotlib.figure import Figure

    n_columns = min(3, len(rows))
    n_lines = -(-len(rows) // n_columns)
    figure = Figure((5 * n_columns, 3.6 * n_lines), layout="constrained")
    panels = figure.subplots(n_lines, n_columns, squeeze=False).ravel()
    for panel, row in zip(panels, rows, strict=False):
        plot_row(panel, row)
    for panel in panels[len(rows) :]:
        panel.set_axis_off()
    figure.supxlabel("seconds")
    figure.supylabel("distortion over the least of the run")
    figure.savefig(path, dpi=120)


def plot_row(panel: Any, row: Result) -> None:
    """Draw a row's results; one far worse than the best at the upper edge, with what times it."""
    results = row["results"]
    best = min((result["distortion"] for result in results.values()), default=1)
    for name, result in results.items():
        times = result["distortion"] / best
        place = (result["seconds"], min(times, PLOT_TIMES))
        own = name in _trainers.OWN
        color = "C3" if own else "0.4"
        panel.plot(*place, "o" if own else "s" if times <= PLOT_TIMES else "^", color=color)
        label = name if times <= PLOT_TIMES else f"{name} ({times:.3g})"
        panel.annotate(
            label, place, (4, 4), textcoords="offset points", fontsize=8, color=color, rotation=20
        )
    panel.set_xscale("log")
    panel.margins(x=0.25, y=0.2)
    _bench.plain_log_ticks(panel.xaxis)
    panel.grid(color="0.9")
    panel.set_title(row["name"], fontsize=10)


def legend(summary: Result) -> str:
    """Return what the tables' columns mean, and which figures were reached."""
    lines = [
        f"all on {summary['threads']} threads; medians; distortion: mean squared error of a "
        "component, in float64",
        "time / x1, distortion / x10: over those of k-means++ once, of the best of ten",
        "peers: " + ", ".join(f"{name} {number}" for name, number in summary["peers"].items()),
    ]
    lines += _bench.busy_line(summary["cores_busy_elsewhere"])
    return "\n".join([*lines, "", *map(_figures.describe, summary["figures"])])
