"""Tell how good palettes of 256 colours are, how long they take, and how large the PNG files get.

`centnn.image.make_palette` beside libimagequant and the four methods of Pillow, without dither,
over the pictures of $CENTNN_DATA: PSNR of red, green and blue, seconds (in turns, one thread),
bytes of the indexed PNG as Pillow writes it. Methods whose package is missing are left out.

    python bench/palette.py [--plot palette.png] [--json FILE] [--colours 256]
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, features

sys.path.insert(0, str(Path(__file__).parent))
import _bench
import _data

import centnn
from centnn.image import make_palette

PICTURES = ["kodim01", "kodim05", "kodim13", "kodim23", "lena"]


def indexed(found):
    """Return an indexed picture as Pillow has it."""
    picture = Image.fromarray(found.indices, "P")
    picture.putpalette(found.palette.tobytes(), "RGB")
    return picture


def with_imagequant(img, n_colours):
    """Quantize with libimagequant; ImportError if it is missing."""
    import imagequant

    return imagequant.quantize_pil_image(
        img.convert("RGBA"), dithering_level=0.0, max_colors=n_colours
    )


def methods(n_colours):
    """Return the methods by name; each makes an indexed picture of a picture."""
    no_dither = Image.Dither.NONE

    def pillow(method, kmeans=0):
        return lambda img: img.quantize(n_colours, method, kmeans, dither=no_dither)

    def ours(effort):
        return lambda img: indexed(make_palette(np.asarray(img), n_colours, effort=effort))

    found = {
        "centnn": ours("fast"),  # the default
        "centnn, balanced": ours("balanced"),
        "libimagequant": lambda img: with_imagequant(img, n_colours),
        "Pillow, median cut": pillow(Image.Quantize.MEDIANCUT),
        "Pillow, median cut + k-means": pillow(Image.Quantize.MEDIANCUT, 1),
        "Pillow, max coverage": pillow(Image.Quantize.MAXCOVERAGE),
        "Pillow, octree": pillow(Image.Quantize.FASTOCTREE),
    }
    if features.check("libimagequant"):
        found["Pillow, libimagequant"] = pillow(Image.Quantize.LIBIMAGEQUANT)
    try:
        import imagequant  # noqa: F401
    except ImportError:
        print("note: imagequant is not installed, and left out")
        del found["libimagequant"]
    return found


def measure(name, n_colours, repeats, budget):
    """Return PSNR, seconds and bytes of each method for a picture."""
    img = Image.open(_data.folder() / "images" / f"{name}.png").convert("RGB")
    contestants = [
        _bench.Contestant(method, 1, lambda make=make: make(img))
        for method, make in methods(n_colours).items()
    ]
    seconds = _bench.race(contestants, repeats, budget)
    rows = []
    for method, make in methods(n_colours).items():
        result = make(img)
        png = io.BytesIO()
        result.save(png, "PNG", optimize=True)
        quality = centnn.psnr(np.asarray(img), np.asarray(result.convert("RGB")))
        rows.append(
            {
                "picture": name,
                "method": method,
                "psnr": quality,
                "seconds": seconds[method, 1],
                "bytes": png.tell(),
            }
        )
    return rows


def draw(rows, path):
    """Draw quality over time, a colour for each method, a panel for each picture."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row["picture"] for row in rows))
    figure = Figure((2.9 * len(names), 3.2), dpi=75, layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        for row in (row for row in rows if row["picture"] == name):
            panel.plot(row["seconds"], row["psnr"], "o", label=row["method"])
        panel.set_title(name, fontsize=10)
        panel.set_xscale("log")
        panel.grid(alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    figure.supxlabel("seconds")
    figure.supylabel("PSNR (dB)")
    figure.savefig(path)


def main():
    """Measure, print, draw."""
    _bench.restart_without_blas_overrides()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", nargs="+", default=PICTURES)
    parser.add_argument("--colours", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each timing")
    parser.add_argument("--plot", type=Path, metavar="OUT.png")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    load = _bench.OtherLoad()
    rows = []
    for name in args.pictures:
        rows += measure(name, args.colours, args.repeats, args.budget)
    lines = [
        [
            row["picture"],
            row["method"],
            f"{row['psnr']:.2f}",
            f"{row['seconds']:.3f}",
            f"{row['bytes']:,}",
        ]
        for row in rows
    ]
    print(_bench.format_table(["picture", "method", "PSNR (dB)", "seconds", "PNG bytes"], lines))
    print(f"{load.mean() or 0:.1f} cores busy meanwhile")
    if args.plot:
        draw(rows, args.plot)
    _bench.put_json({"bench": "palette", "colours": args.colours, "rows": rows}, args.json)


if __name__ == "__main__":
    main()
