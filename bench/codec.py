"""Tell how small .cvq files are, how good, and how fast they are decoded, beside JPEG and WebP.

Three tables over the pictures of $CENTNN_DATA, in grey:

- size: 4x4 blocks at fixed numbers of codewords, against fixed-width codes and a codebook of 8
  bits a component; and what a rate weight saves beyond that ("weight %"): the mean difference in
  file size at equal PSNR (Bjontegaard) between two curves of .cvq files of 16, 32, ... 1024
  codewords, without a rate weight and with rate_weight="auto", all else equal.
- rate-distortion: mean difference in rate to JPEG at equal PSNR (Bjontegaard), from 0.1 bits a
  pixel to 1.5; PSNR at 0.5 bits a pixel, of files and of fixed-width codes.
- decoding: seconds for a picture, beside OpenCV's JPEG of the same PSNR, in turns.

    python bench/codec.py [--plot codec.png] [--json FILE] [--pictures lena boat] [--quick]
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import _bench
import _data

import centnn
from centnn.cli.palette import indexed_png
from centnn.image import compress, decompress, make_palette, to_blocks

PICTURES = ["lena", "boat", "barb", "goldhill", "mandrill", "peppers", "bridge"]
PICTURES += ["kodim01", "kodim05", "kodim13", "kodim23"]
BLOCK = 4
SIZES = (256, 1024)
CURVE = (16, 32, 64, 128, 256, 512, 1024)
QUALITIES = (5, 8, 12, 18, 26, 36, 48, 62, 75)
RATE = 0.5


def picture(name):
    """Return a picture in grey."""
    img = cv2.imread(str(_data.folder() / "images" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    if img is None:
        raise FileNotFoundError(f"{name}.png is not in the folder of data")
    return img


def point(img, n_bytes, restored):
    """Return bits a pixel and dB."""
    return 8 * n_bytes / img.size, centnn.psnr(img, restored)


def fixed_width(img, n_codewords, effort):
    """Return the point of fixed-width codes and a codebook of 8 bits a component."""
    blocks = to_blocks(img, BLOCK)
    centers = centnn.fit_codebook(blocks, n_codewords, effort=effort).centers
    codebook = np.rint(centers).clip(0, 255).astype(np.uint8)
    restored = codebook[centnn.quantize(blocks, codebook)]
    n_bytes = -(-len(blocks) * (n_codewords - 1).bit_length() // 8) + codebook.size
    return 8 * n_bytes / img.size, centnn.psnr(blocks, restored)


def opencv(img, suffix, flag, quality):
    """Return the point of a format of OpenCV."""
    data = cv2.imencode(suffix, img, [flag, quality])[1]
    return point(img, data.size, cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def curves(img, effort, sizes):
    """Return the points of each codec, from small files to large ones."""
    books = [k for k in sizes if k <= len(np.unique(to_blocks(img, BLOCK), axis=0))]
    files = {
        (k, weight): compress(img, k, BLOCK, effort=effort, rate_weight=weight)
        for k in books
        for weight in (0, "auto")
    }
    return {
        "fixed width": [fixed_width(img, k, effort) for k in books],
        ".cvq": [point(img, len(files[k, 0]), decompress(files[k, 0])) for k in books],
        ".cvq, rate weight": [
            point(img, len(files[k, "auto"]), decompress(files[k, "auto"])) for k in books
        ],
        "JPEG": [opencv(img, ".jpg", cv2.IMWRITE_JPEG_QUALITY, q) for q in QUALITIES],
        "WebP": [opencv(img, ".webp", cv2.IMWRITE_WEBP_QUALITY, q) for q in QUALITIES],
    }


def rate_difference(reference, other):
    """Return the mean difference in rate at equal PSNR, in percent (Bjontegaard's).

    Piecewise linear between the points, over the PSNRs that both reach; None if there are none.
    """
    (rates_a, qualities_a), (rates_b, qualities_b) = (
        np.array(sorted(points, key=lambda p: p[1])).T for points in (reference, other)
    )
    low, high = max(qualities_a[0], qualities_b[0]), min(qualities_a[-1], qualities_b[-1])
    if low >= high:
        return None
    at = np.linspace(low, high, 200)
    logs = np.interp(at, qualities_b, np.log(rates_b)) - np.interp(at, qualities_a, np.log(rates_a))
    return 100 * (float(np.exp(logs.mean())) - 1)


def quality_at(points, rate):
    """Return the PSNR at a rate, between the points; None beyond them."""
    rates, qualities = np.array(sorted(points)).T
    if not rates[0] <= rate <= rates[-1]:
        return None
    return float(np.interp(np.log(rate), np.log(rates), qualities))


def jpeg_of(img, quality_db):
    """Return the smallest JPEG of at least this PSNR."""
    for quality in range(1, 101):
        data = cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        if centnn.psnr(img, cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)) >= quality_db:
            return data
    return data


def decoding(img, n_codewords, effort, budget):
    """Time decoding beside a JPEG of the same PSNR; return milliseconds of both."""
    data = compress(img, n_codewords, BLOCK, effort=effort)
    jpeg = jpeg_of(img, centnn.psnr(img, decompress(data)))
    contestants = [
        _bench.Contestant("centnn", 1, lambda: decompress(data)),
        _bench.Contestant("JPEG", 1, lambda: cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)),
    ]
    times = _bench.race(contestants, 25, budget)
    return 1000 * times["centnn", 1], 1000 * times["JPEG", 1]


def measure(name, args):
    """Return all figures of a picture."""
    img = picture(name)
    sizes = SIZES[:1] if args.quick else CURVE
    found = curves(img, args.effort, sizes)
    figures = {"picture": name, "curves": found, "sizes": {}, "decoding_ms": {}}
    for k in SIZES:
        if k not in sizes or sizes.index(k) >= len(found[".cvq"]):
            continue
        plain, coded = (found[codec][sizes.index(k)] for codec in ("fixed width", ".cvq"))
        figures["sizes"][k] = [100 * (coded[0] / plain[0] - 1), coded[1] - plain[1]]
        figures["decoding_ms"][k] = decoding(img, k, args.effort, args.budget)
    figures["rate_weight"] = rate_difference(found[".cvq"], found[".cvq, rate weight"])
    figures["to_jpeg"] = {
        codec: rate_difference(found["JPEG"], points)
        for codec, points in found.items()
        if codec != "JPEG"
    }
    figures["at_rate"] = {codec: quality_at(points, RATE) for codec, points in found.items()}
    return figures


def table(rows):
    """Return the figures as lines of text."""

    def cell(value, form="+.1f"):
        return "" if value is None else format(value, form)

    heading = ["picture"]
    heading += [f"K={k} size %" for k in SIZES] + [f"K={k} dB" for k in SIZES]
    heading += ["weight %", "fixed dB", ".cvq dB", "weight dB", "JPEG dB", "to JPEG %"]
    heading += [f"K={k} decode" for k in SIZES]
    lines = []
    for row in rows:
        sizes = [row["sizes"].get(k, (None, None)) for k in SIZES]
        decodes = [row["decoding_ms"].get(k) for k in SIZES]
        at_rate = row["at_rate"]
        lines.append(
            [row["picture"]]
            + [cell(size[0]) for size in sizes]
            + [cell(size[1], "+.2f") for size in sizes]
            + [cell(row["rate_weight"])]
            + [
                cell(at_rate[codec], ".2f")
                for codec in ("fixed width", ".cvq", ".cvq, rate weight", "JPEG")
            ]
            + [cell(row["to_jpeg"][".cvq, rate weight"])]
            + [f"{ours:.2f}/{jpeg:.2f} ms" if ours else "" for ours, jpeg in filter(None, decodes)]
            + [""] * sum(d is None for d in decodes)
        )
    return _bench.format_table(heading, [*lines, *means(lines)])


def means(lines):
    """Return a line with the mean of each column that every picture has a number in."""
    if len(lines) < 2:
        return []
    cells = ["mean"]
    for column in list(zip(*lines, strict=True))[1:]:
        if not all(column) or "ms" in column[0]:
            cells.append("")
        else:
            signs, decimals = column[0][0] in "+-", len(column[0].partition(".")[2])
            mean = np.mean([float(number) for number in column])
            cells.append(f"{mean:{'+' if signs else ''}.{decimals}f}")
    return [cells]


def draw(rows, path):
    """Draw quality over size, a panel for each picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(4, len(rows))
    n_rows = -(-len(rows) // columns)
    figure = Figure((3.2 * columns, 2.7 * n_rows), dpi=75, layout="constrained")
    panels = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for panel, row in zip(panels, rows, strict=False):
        for codec, points in row["curves"].items():
            panel.plot(*np.array(points).T, marker="o", markersize=2.5, linewidth=1.2, label=codec)
        panel.set_title(row["picture"], fontsize=10)
        panel.set_xscale("log")
        panel.set_xticks([0.1, 0.2, 0.5, 1, 2], labels=["0.1", "0.2", "0.5", "1", "2"])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    for panel in panels[len(rows) :]:
        panel.set_axis_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    figure.supxlabel("bits a pixel")
    figure.supylabel("PSNR (dB)")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    path.write_bytes(indexed_png(make_palette(pixels, 64)))  # a third of the size


def main():
    """Measure, print, draw."""
    _bench.restart_without_blas_overrides()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", nargs="+", default=PICTURES)
    parser.add_argument("--effort", choices=["fast", "balanced", "best"], default="balanced")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for each timing")
    parser.add_argument("--quick", action="store_true", help="only to show that it works")
    parser.add_argument("--plot", type=Path, metavar="OUT.png")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    load = _bench.OtherLoad()
    rows = [measure(name, args) for name in args.pictures]
    print(table(rows))
    print("decode: ms of centnn / of a JPEG of the same PSNR; dB at 0.5 bits a pixel; others kept")
    print(f"{load.mean() or 0:.1f} cores busy meanwhile")
    if args.plot:
        draw(rows, args.plot)
    _bench.put_json({"bench": "codec", "effort": args.effort, "rows": rows}, args.json)


if __name__ == "__main__":
    main()
