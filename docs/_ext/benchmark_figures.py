"""Tables and plots from the JSON lines in docs/benchmarks, into the folder _generated.

The page of benchmarks includes what is written here.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

Run = dict[str, Any]

DOCS = Path(__file__).parents[1]
RED, GREY = "#c2303a", "#777777"
PEERS = {"faiss": "faiss flat", "sklearn": "scikit-learn", "scipy": "SciPy vq"}
TRAINERS = {
    "k-means++ x1": "k-means++",
    "k-means++ x10": "best of ten",
    "faiss": "faiss",
    "breathing": "breathing",
    "fast": "fast",
    "balanced": "balanced",
    "best": "best",
}
OWN = ("fast", "balanced", "best")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what writes the files."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}


def write(app: Sphinx) -> None:
    """Write a file of Markdown for each benchmark, and its plot."""
    folder = DOCS / "_generated"
    folder.mkdir(exist_ok=True)
    for name, describe in DESCRIPTIONS.items():
        lines = (DOCS / "benchmarks" / f"{name}.jsonl").read_text().splitlines()
        runs = [json.loads(line) for line in lines]
        text = f"{describe(runs, folder / f'{name}.svg')}\n\n{origin(runs)}\n"
        (folder / f"{name}.md").write_text(text)


def origin(runs: Sequence[Run]) -> str:
    """Return when and where runs were measured."""
    said = dict.fromkeys(origin_of(run) for run in runs)
    return "*Measured: " + "; ".join(said) + ".*"


def origin_of(run: Run) -> str:
    """Return when and where a run was measured, and with which versions."""
    parts = [run["date"], run["machine"]]
    config = run.get("centnn", run)
    if "isa" in config:
        parts += [f"instruction set {config['isa']}", f"{config['threads']} threads"]
    parts += [f"{name} {number}" for name, number in run.get("peers", {}).items()]
    return ", ".join(parts)


def rows_of(runs: Iterable[Run], key: Callable[[Run], object]) -> list[Run]:
    """Return the rows of runs; of those with equal keys, the last."""
    return list({key(row): row for run in runs for row in run["rows"]}.values())


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown: the first column to the left, the others to the right."""
    rule = [":--", *["--:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heading, rule, *lines))


def digits(value: float, significant: int = 3) -> str:
    """Return a number with so many significant digits, without an exponent if it is short."""
    text = f"{value:.{significant}g}"
    return f"{value:.0f}" if "e" in text and value < 1e6 else text.replace("e+0", "e")


def search(runs: Sequence[Run], plot: Path) -> str:
    """Return how fast search is beside its peers, on as many threads as there are."""
    rows = rows_of(runs, lambda row: row["name"])
    threads = str(max(runs[-1]["threads"]))
    figure, axis = new_figure((7, 0.34 * len(rows) + 1.1))
    for peer, marker in zip(PEERS, "os^", strict=True):
        ratios = [row["ratio"].get(peer, {}).get(threads) for row in rows]
        axis.plot(ratios, range(len(rows)), marker, color=GREY, label=PEERS[peer])
    for place, row in enumerate(rows):
        axis.plot(row["ratio"]["faiss"][threads], place, "o", color=RED)
    axis.axvline(1, color="black", linewidth=1)
    axis.set(xscale="log", xlabel="times centnn's time (red: faiss)")
    axis.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axis.set_xticks([1, 10, 100], labels=["1", "10", "100"])
    axis.invert_yaxis()
    finish(figure, axis, plot)
    lines = [
        [
            f"{row['name']}, N = {row['n']:,}",
            f"{digits(row['ms']['centnn'][threads])} ms",
            *(f"{digits(row['ratio'][peer][threads], 2)} x" for peer in PEERS),
        ]
        for row in rows
    ]
    return f"![Times of peers over centnn's](_generated/{plot.name})\n\n" + table(
        ["samples, codewords", "centnn", *PEERS.values()], lines
    )


def train(runs: Sequence[Run], plot: Path) -> str:
    """Return how long training takes beside its peers, and what error it reaches."""
    rows = [row for row in rows_of(runs, lambda row: row["name"]) if "article" not in row["tags"]]
    # The sets whose clusters everybody finds tell nothing apart.
    telling = [row for row in rows if row["k"] >= 100]
    n_lines = -(-len(telling) // 2)
    figure, panels = new_figure((7.5, 2.6 * n_lines), n_lines, 2)
    for panel, row in zip(panels.flat, telling, strict=False):
        draw_training(panel, row)
    for panel in panels.flat[len(telling) :]:
        panel.set_axis_off()
    figure.supxlabel("seconds", fontsize=10)
    figure.supylabel("above the least error, in %", fontsize=10)
    figure.savefig(plot)
    lines = [
        [f"{row['name']}, {row['n']:,} x {row['d']}", *(cell(row, name) for name in TRAINERS)]
        for row in rows
    ]
    return (
        f"![Error over seconds of trainers, a panel for each data set](_generated/{plot.name})\n\n"
        + "Seconds, and below them the mean squared error of a component:\n\n"
        + table(["samples, codewords", *TRAINERS.values()], lines)
    )


def cell(row: Run, trainer: str) -> str:
    """Return what a trainer took and what it reached."""
    result = row["results"].get(trainer)
    if result is None:
        return ""
    return f"{digits(result['seconds'], 2)} s<br>{digits(result['distortion'], 4)}"


def draw_training(panel: Any, row: Run) -> None:
    """Draw the trainers of one row."""
    least = min(result["distortion"] for result in row["results"].values())
    for name, label in TRAINERS.items():
        if name in row["results"]:
            result = row["results"][name]
            excess = min(100 * (result["distortion"] / least - 1), 20)
            colour = RED if name in OWN else GREY
            marker = "^" if excess == 20 else "o"
            panel.plot(result["seconds"], excess, marker, color=colour, markersize=4)
            panel.annotate(
                label, (result["seconds"], excess), (3, 3), textcoords="offset points",
                fontsize=8, color=colour, rotation=35,
            )  # fmt: skip
    panel.set(xscale="log", ylim=(-1, 26), title=row["name"])
    panel.margins(x=0.2)
    panel.title.set_fontsize(9)
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.3)


def palette(runs: Sequence[Run], plot: Path) -> str:
    """Return how good palettes are beside those of peers."""
    rows = rows_of(runs, lambda row: (row["picture"], row["method"]))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    by_method = {name: [row for row in rows if row["method"] == name] for name in methods}

    def mean(name: str, what: str) -> float:
        return statistics.mean(row[what] for row in by_method[name])

    figure, axis = new_figure((7, 3.4))
    for name in methods:
        colour = RED if name.startswith("centnn") else GREY
        place = mean(name, "seconds"), mean(name, "psnr")
        axis.plot(*place, "o", color=colour)
        axis.annotate(name, place, (5, 4), textcoords="offset points", fontsize=8, color=colour)
    axis.set(xscale="log", xlabel="seconds", ylabel="PSNR (dB)")
    axis.margins(x=0.25, y=0.15)
    finish(figure, axis, plot)
    n_pictures = len({row["picture"] for row in rows})
    lines = [
        [
            name,
            f"{mean(name, 'psnr'):.2f} dB",
            f"{mean(name, 'seconds'):.3f} s",
            f"{mean(name, 'bytes') / 1000:.0f} kB",
        ]
        for name in methods
    ]
    return (
        f"![PSNR over seconds of palettes](_generated/{plot.name})\n\n"
        f"Means over {n_pictures} pictures, {runs[-1]['colours']} colours, no dither:\n\n"
        + table(["method", "PSNR", "time", "PNG file"], lines)
    )


def photo(runs: Sequence[Run], plot: Path) -> str:
    """Return how small photo mode's files are beside those of peers."""
    run = runs[-1]
    measures = {
        "grey": ("grey", "psnr"),
        "colour, PSNR of RGB": ("colour", "rgb"),
        "colour, PSNR of Y, Cb, Cr as 6 : 1 : 1": ("colour", "611"),
    }
    codecs = ("photo", "WebP", "JPEG 2000", "AVIF")
    figure, panels = new_figure((9, 3.6), 1, 2, sharex=True)
    for panel, kind, measure in zip(panels.flat, ("grey", "colour"), ("psnr", "rgb"), strict=True):
        draw_savings(panel, run[kind], measure, codecs)
        panel.set_title(f"{kind}: size beside JPEG, %", fontsize=10)
    handles = panels.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=4, fontsize=8)
    figure.savefig(plot)
    lines = [
        [
            f"{what}, {len(run[kind])} pictures",
            *(
                f"{statistics.mean(of[codec][measure] for of in run[kind].values()):+.1f} %"
                for codec in codecs
            ),
        ]
        for what, (kind, measure) in measures.items()
    ]
    return (
        f"![Size beside JPEG of each picture](_generated/{plot.name})\n\n"
        "Size at equal PSNR beside JPEG with optimised tables (BD-rate):\n\n"
        + table(["", *codecs], lines)
        + "\n\nMegapixels a second, one thread unless two are named:\n\n"
        + speeds(run["speed"])
    )


def draw_savings(panel: Any, pictures: dict[str, Any], measure: str, codecs: Sequence[str]) -> None:
    """Draw the size of each picture, beside JPEG's, with each codec."""
    for codec, marker in zip(codecs, "os^v", strict=True):
        sizes = [of[codec][measure] for of in pictures.values()]
        colour = RED if codec == "photo" else GREY
        order = 3 if codec == "photo" else 2
        filled = colour if codec in ("photo", "AVIF") else "none"
        panel.plot(
            sizes, range(len(sizes)), marker, color=colour, markerfacecolor=filled,
            label=codec, zorder=order,
        )  # fmt: skip
    panel.set_yticks(range(len(pictures)), list(pictures), fontsize=8)
    panel.invert_yaxis()
    panel.grid(alpha=0.3)


def speeds(by_kind: dict[str, list[Run]]) -> str:
    """Return a table of megapixels a second."""
    rows = [(kind, row) for kind, of_kind in by_kind.items() for row in of_kind]
    names = [name for name in rows[0][1] if name != "picture"]
    lines = [
        [name, *(f"{row[name]:.0f}" for _, row in rows)]
        for name in sorted(names, key=lambda name: name.split()[0].rstrip(","))
    ]
    return table(["", *(f"{row['picture']}, {kind}" for kind, row in rows)], lines)


def codec(runs: Sequence[Run], plot: Path) -> str:
    """Return how small files with codebooks of their own are."""
    rows = rows_of(runs, lambda row: row["picture"])
    n_lines = -(-len(rows) // 4)
    figure, panels = new_figure((9, 2.3 * n_lines), n_lines, 4)
    for panel, row in zip(panels.flat, rows, strict=False):
        for name, points in row["curves"].items():
            panel.plot(*zip(*points, strict=True), marker="o", markersize=2, lw=1.1, label=name)
        panel.set_xscale("log")
        panel.set_xticks([0.1, 0.3, 1], labels=["0.1", "0.3", "1"])
        panel.minorticks_off()
        panel.set_title(row["picture"], fontsize=9)
        panel.tick_params(labelsize=8)
        panel.grid(alpha=0.3)
    for panel in panels.flat[len(rows) :]:
        panel.set_axis_off()
    handles = panels.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=5, fontsize=8)
    figure.supxlabel("bits a pixel", fontsize=10)
    figure.supylabel("PSNR (dB)", fontsize=10)
    figure.savefig(plot)
    lines = [
        [
            row["picture"],
            *(f"{row['sizes'][k][0]:.0f} %" for k in ("256", "1024")),
            f"{row['rate_weight']:.0f} %",
            f"{row['to_jpeg']['.cvq, rate weight']:.0f} %",
        ]
        for row in rows
    ]
    heading = ["4x4 blocks, grey", "K = 256", "K = 1024", "rate weight", "beside JPEG"]
    return f"![PSNR over bits a pixel](_generated/{plot.name})\n\n{table(heading, lines)}"


def new_figure(size: tuple[float, float], *grid: int, **options: Any) -> tuple[Any, Any]:
    """Return a figure and its axes: one, or a grid of them."""
    from matplotlib.figure import Figure

    figure = Figure(size, layout="constrained")
    return figure, figure.subplots(*grid, squeeze=False, **options) if grid else figure.subplots()


def finish(figure: Any, axis: Any, plot: Path) -> None:
    """Draw what all plots of one panel have, and write the file."""
    axis.grid(alpha=0.3)
    if len(axis.get_legend_handles_labels()[0]) > 1:
        axis.legend(fontsize=8)
    figure.savefig(plot)


DESCRIPTIONS = {
    "train": train,
    "search": search,
    "photo": photo,
    "codec": codec,
    "palette": palette,
}
