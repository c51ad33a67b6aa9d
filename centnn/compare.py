"""The experiment behind `centnn compare`: CentNN beside K-Means on the same samples.

Needs scikit-learn and matplotlib, which the extra `centnn[demo]` installs.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from centnn.codebook import fit_codebook
from centnn.image.blocks import Block, from_blocks, to_blocks
from centnn.metrics import psnr
from centnn.quantizer import dequantize, quantize

__all__ = ["Experiment", "Result", "compare_methods", "draw", "format_table"]

_DPI = 150
_PANEL_INCHES = 2.6


@dataclass(frozen=True, eq=False)
class Result:
    """What one method made of an image."""

    name: str
    """The method."""
    psnr: float
    """Peak signal-to-noise ratio of `reconstruction`, in dB."""
    seconds: float
    """Time that the training took."""
    bits_per_pixel: float
    """Bits of the codes at a fixed width and of the codebook at 8 a component, for each pixel."""
    reconstruction: NDArray[np.float64]
    """The image from the codebook, unrounded; shape of the image."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """What each of the methods made of the same image."""

    title: str
    """The image and the sizes, in words."""
    original: NDArray[np.uint8]
    """The image."""
    results: Sequence[Result]
    """One of each method."""


def compare_methods(img: NDArray[np.uint8], n_codewords: int, block: Block) -> list[Result]:
    """Train a codebook for an image with CentNN and with three kinds of K-Means.

    Parameters
    ----------
    img : uint8 array of shape (H, W) or (H, W, C)
        The image.
    n_codewords : int
        Codewords in each codebook.
    block : int or (height, width)
        Size of a block in pixels.

    Returns
    -------
    list of Result
        CentNN, K-Means from random samples, from k-means++ once, and the best of ten of those.

    Raises
    ------
    ValueError
        If the image has fewer different blocks than `n_codewords`, or an argument is unfit.
    """
    samples = to_blocks(img, block).astype(np.float64)

    def run(name: str, train: Callable[[NDArray[np.float64]], NDArray[Any]]) -> Result:
        start = time.perf_counter()
        centers = train(samples)
        seconds = time.perf_counter() - start
        codes = quantize(samples, centers)
        reconstruction = from_blocks(dequantize(codes, centers), img.shape, block)
        bits = len(samples) * (n_codewords - 1).bit_length() + 8 * centers.size
        n_pixels = img.shape[0] * img.shape[1]
        return Result(name, psnr(img, reconstruction), seconds, bits / n_pixels, reconstruction)

    def k_means(init: str, n_init: int) -> Callable[[NDArray[np.float64]], NDArray[Any]]:
        estimator = KMeans(n_codewords, init=init, n_init=n_init, random_state=0)
        return lambda samples: estimator.fit(samples).cluster_centers_

    # scikit-learn's first fit also pays for setting itself up: that is not training.
    KMeans(1, n_init=1).fit(samples[:1])
    return [
        run("CentNN", lambda samples: fit_codebook(samples, n_codewords).centers),
        run("K-Means, random", k_means("random", 1)),
        run("k-means++", k_means("k-means++", 1)),
        run("k-means++, best of 10", k_means("k-means++", 10)),
    ]


def format_table(results: Sequence[Result]) -> str:
    """Return the results as lines of text, one a method, under a heading."""
    lines = [f"{'method':<24}{'PSNR (dB)':>10}{'seconds':>10}{'bits/pixel':>12}"]
    lines += [
        f"{result.name:<24}{result.psnr:>10.2f}{result.seconds:>10.3f}{result.bits_per_pixel:>12.3f}"
        for result in results
    ]
    return "\n".join(lines)


def draw(experiments: Sequence[Experiment]) -> bytes:
    """Draw originals and reconstructions side by side, with the errors below; one below another.

    Parameters
    ----------
    experiments : sequence of Experiment
        At least one, each with the same number of results.

    Returns
    -------
    bytes
        The contents of a PNG file.
    """
    n_columns = 1 + len(experiments[0].results)
    heights = [2 * _panel_height(experiment.original) for experiment in experiments]
    figure = Figure((n_columns * _PANEL_INCHES, sum(heights)), dpi=_DPI, layout="constrained")
    rows = figure.subfigures(len(experiments), 1, squeeze=False, height_ratios=heights)
    for row, experiment in zip(rows[:, 0], experiments, strict=True):
        row.suptitle(experiment.title, fontsize=13, fontweight="bold")
        panels = row.subplots(2, n_columns)
        _show(panels[0, 0], experiment.original, "original")
        for panel, result in zip(panels[0, 1:], experiment.results, strict=True):
            _show(panel, result.reconstruction, f"{result.name}\n{result.psnr:.2f} dB")
        _show_errors(panels[1], experiment)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _show_errors(panels: Sequence[Axes], experiment: Experiment) -> None:
    """Draw the error of each pixel, all on one scale; the first panel has the scale."""
    original = experiment.original.astype(np.float64)
    errors = [np.abs(original - result.reconstruction) for result in experiment.results]
    maps = [error if error.ndim == 2 else error.mean(axis=2) for error in errors]
    # Few pixels have the largest errors; the others would be black beside them.
    brightest = max(1.0, *(float(np.quantile(error, 0.995)) for error in maps))
    for panel, error in zip(panels[1:], maps, strict=True):
        drawn = panel.imshow(error, cmap="magma", vmin=0, vmax=brightest)
        panel.set_title("error", fontsize=11)
        panel.set_axis_off()
    panels[0].set_axis_off()
    figure = panels[0].get_figure()
    if figure is not None:
        bar = figure.colorbar(drawn, ax=panels[0], location="right", fraction=0.9, aspect=12)
        bar.set_label("grey levels, mean of channels", fontsize=9)


def _panel_height(img: NDArray[Any]) -> float:
    """Return the height in inches for an image of the panels' width and its labels."""
    labels = 0.85
    # A picture of one column would otherwise become a drawing of miles.
    return _PANEL_INCHES * min(float(img.shape[0] / img.shape[1]), 2.0) + labels


def _show(panel: Axes, img: NDArray[Any], label: str) -> None:
    pixels = np.rint(img).clip(0, 255).astype(np.uint8)
    panel.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    panel.set_title(label, fontsize=11)
    panel.set_axis_off()
