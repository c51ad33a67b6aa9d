"""Compare photo mode with JPEG, WebP, JPEG 2000 and AVIF: size at equal quality, and speed.

For each picture, in grey and in colour, every codec codes it at several qualities. Tables give the
mean difference in size at equal PSNR to JPEG with optimised tables (Bjontegaard's BD-rate, cubic
in log rate, from 0.1 bits a pixel to 1.5, in colour from 0.15 to 2), in colour for PSNR over red,
green and blue and over Y, Cb and Cr weighted 6:1:1, and SSIM at half a bit a pixel; and megapixels
a second that encoding and decoding take beside libjpeg-turbo and libwebp, at about the same PSNR.

WebP has no grey: its figures are those of a grey picture in colour.

    python bench/photo.py [FOLDER ...] [--quick] [--plot photo.png] [--gallery DIR] [--json FILE]
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, features
from scipy.interpolate import PchipInterpolator
from skimage.metrics import structural_similarity

sys.path.insert(0, str(Path(__file__).parent))
import _bench
import _data

import centnn
from centnn.cli.palette import indexed_png
from centnn.image import make_palette, photo

Array = NDArray[Any]

STEPS = tuple(round(64 * worth**0.5) for worth in (3000, 1000, 300, 90, 27, 8, 2.7))
QUALITIES = {
    "JPEG": (2, 4, 7, 10, 14, 20, 27, 36, 46, 58, 68, 78, 85, 90, 94),
    "WebP": (0, 4, 10, 20, 32, 46, 60, 72, 82, 89, 94, 98),
    "JPEG 2000": (18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 43, 46),
    "AVIF": (5, 15, 25, 35, 45, 55, 65, 75, 85, 93),
}
RANGES = {"grey": (0.1, 1.5), "colour": (0.15, 2.0)}
RATE_LIMIT = 2.6  # bits a pixel beyond which a curve need not go
MEASURES = {"grey": ("psnr",), "colour": ("rgb", "611")}
HALF_BIT = 0.5
CROP = 192
EFFORT = "balanced"
REPEATED = 4  # times a picture is repeated in each direction for its speed


@dataclass
class Point:
    """A picture, coded."""

    rate: float
    """Bits a pixel."""
    quality: dict[str, float]
    """dB of each measure."""
    ssim: float
    restored: Array


def main() -> None:
    """Run as a program."""
    _bench.restart_without_blas_overrides()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="of pictures ($CENTNN_DATA/images)")
    parser.add_argument("--quick", action="store_true", help="one picture, JPEG and WebP only")
    parser.add_argument("--effort", choices=photo.EFFORTS, default=EFFORT)
    parser.add_argument("--plot", type=Path, help="where to draw quality over size")
    parser.add_argument("--gallery", type=Path, help="folder for a page of crops at equal size")
    parser.add_argument("--json", type=Path, help="where to put the figures; else a last line")
    args = parser.parse_args()

    pictures = paths(args.folders)[: 1 if args.quick else None]
    codecs = available(quick=args.quick)
    result: dict[str, Any] = {"bench": "photo", **_bench.config(), "effort": args.effort}
    for kind in RANGES:
        curves = {}
        for path in pictures:
            img = load(path, kind)
            if img is not None:
                curves[path.stem] = curves_of(img, codecs, args.effort)
                print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if not curves:
            continue
        result[kind] = figures(curves, kind)
        print(table(result[kind], kind), end="\n\n")
        if args.plot:
            draw(curves, kind, args.plot.with_stem(f"{args.plot.stem}-{kind}"))
        if args.gallery and kind == "colour":
            gallery(curves, pictures, args.gallery)
    result["speed"] = {kind: speeds(pictures, kind, args) for kind in RANGES}
    for kind, rows in result["speed"].items():
        print(speed_table(rows, kind), end="\n\n")
    _bench.put_json(result, args.json)


def paths(folders: list[Path]) -> list[Path]:
    """Return the pictures of folders, by default those of $CENTNN_DATA/images."""
    folders = folders or [_data.required_folder() / "images"]
    return [path for folder in folders for path in _data.pictures_in(folder)]


def load(path: Path, kind: str) -> Array | None:
    """Return a picture in grey (H, W) or colour (H, W, 3); None if it has no colours."""
    if kind == "grey":
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    img = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return np.ascontiguousarray(img[:, :, 2::-1]) if img.ndim == 3 else None


def available(*, quick: bool) -> list[str]:
    """Return the codecs to compare with."""
    if quick:
        return ["JPEG", "WebP"]
    return [codec for codec in QUALITIES if codec != "AVIF" or features.check("avif")]


def encode_photo(img: Array, step: int, effort: str, n_threads: int = 1) -> bytes:
    """Return a .cvq file."""
    pixels = img if img.ndim == 3 else img[:, :, None]
    return photo.code(pixels, None, step, effort=effort, n_threads=n_threads)


def decode_photo(data: bytes, n_threads: int = 1) -> Array:
    """Return the pixels of a .cvq file."""
    return photo.unpack(data, 1 << 30, n_threads=n_threads)


def encode_with(codec: str, img: Array, quality: float) -> bytes:
    """Return a file of a peer."""
    out = io.BytesIO()
    if codec == "JPEG":
        flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        return cv2.imencode(".jpg", img[..., ::-1] if img.ndim == 3 else img, flags)[1].tobytes()
    options: dict[str, Any] = {
        "WebP": {"format": "WEBP", "quality": quality, "method": 6},
        "JPEG 2000": {"format": "JPEG2000", "quality_mode": "dB", "quality_layers": [quality]},
        "AVIF": {"format": "AVIF", "quality": quality, "subsampling": "4:2:0"},
    }[codec]
    image = Image.fromarray(img)
    if codec == "WebP":
        image = image.convert("RGB")
    if codec == "JPEG 2000":
        options.update(irreversible=True, mct=int(img.ndim == 3))
    image.save(out, **options)
    return out.getvalue()


def decode_with(data: bytes, *, in_colour: bool) -> Array:
    """Return the pixels of a peer's file."""
    image = Image.open(io.BytesIO(data)).convert("RGB" if in_colour else "L")
    return np.asarray(image)


def qualities(img: Array, restored: Array) -> dict[str, float]:
    """Return the PSNR in each measure."""
    if img.ndim == 2:
        return {"psnr": centnn.psnr(img, restored)}
    errors = [
        np.mean((a - b) ** 2) for a, b in zip(luma_chroma(img), luma_chroma(restored), strict=True)
    ]
    weighted = (6 * errors[0] + errors[1] + errors[2]) / 8
    return {"rgb": centnn.psnr(img, restored), "611": float(10 * np.log10(255**2 / weighted))}


def luma_chroma(img: Array) -> list[Array]:
    """Return Y, Cb and Cr of an image in colour."""
    red, green, blue = np.moveaxis(img.astype(np.float64), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return [luma, (blue - luma) / 1.772, (red - luma) / 1.402]


def point(img: Array, n_bytes: int, restored: Array) -> Point:
    """Return what a file is worth."""
    channels = {"channel_axis": 2} if img.ndim == 3 else {}
    ssim = float(structural_similarity(img, restored, data_range=255, **channels))
    rate = 8 * n_bytes / (img.shape[0] * img.shape[1])
    return Point(rate, qualities(img, restored), ssim, restored)


def curves_of(img: Array, codecs: list[str], effort: str) -> dict[str, list[Point]]:
    """Return the points of each codec, from small files to large ones."""
    curves: dict[str, list[Point]] = {"photo": []}
    for step in STEPS:
        data = encode_photo(img, step, effort)
        curves["photo"].append(point(img, len(data), decode_photo(data)))
        if curves["photo"][-1].rate > RATE_LIMIT:
            break
    for codec in codecs:
        points = curves[codec] = []
        for quality in QUALITIES[codec]:
            data = encode_with(codec, img, quality)
            points.append(point(img, len(data), decode_with(data, in_colour=img.ndim == 3)))
            if points[-1].rate > RATE_LIMIT:
                break
    return curves


def rising(points: list[Point], measure: str) -> tuple[Array, Array]:
    """Return log rates and dB of the points that are better than all smaller ones."""
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted((p.rate, p.quality[measure]) for p in points):
        if not kept or (quality > kept[-1][1] + 1e-6 and rate > kept[-1][0]):
            kept.append((rate, quality))
    rates, found = np.array(kept).T
    return np.log(rates), found


def rate_difference(
    reference: list[Point], other: list[Point], measure: str, rates: tuple[float, float]
) -> float | None:
    """Return the mean difference in rate at equal quality, in percent; None if none overlaps.

    Between the qualities that the reference has at these rates, as far as both curves go.
    """
    (log_a, quality_a), (log_b, quality_b) = rising(reference, measure), rising(other, measure)
    if min(len(log_a), len(log_b)) < 2:
        return None
    at_rate = PchipInterpolator(log_a, quality_a)
    low = max(float(at_rate(max(np.log(rates[0]), log_a[0]))), quality_b[0])
    high = min(float(at_rate(min(np.log(rates[1]), log_a[-1]))), quality_b[-1])
    if high - low < 0.2:
        return None
    at = np.linspace(low, high, 200)
    logs = PchipInterpolator(quality_b, log_b)(at) - PchipInterpolator(quality_a, log_a)(at)
    return 100 * float(np.expm1(logs.mean()))


def ssim_at(points: list[Point], rate: float) -> float | None:
    """Return the SSIM at a rate, between the points; None beyond them."""
    rates, found = np.array(sorted((p.rate, p.ssim) for p in points)).T
    if not rates[0] <= rate <= rates[-1]:
        return None
    return float(np.interp(np.log(rate), np.log(rates), found))


def figures(curves: dict[str, dict[str, list[Point]]], kind: str) -> dict[str, Any]:
    """Return rate differences to JPEG by picture, codec and measure, and SSIM at half a bit."""
    found: dict[str, Any] = {}
    for name, by_codec in curves.items():
        found[name] = {
            codec: {
                **{
                    measure: rate_difference(by_codec["JPEG"], points, measure, RANGES[kind])
                    for measure in MEASURES[kind]
                },
                "ssim": ssim_at(points, HALF_BIT),
            }
            for codec, points in by_codec.items()
        }
        photo_points, webp = by_codec["photo"], by_codec["WebP"]
        found[name]["to WebP"] = {
            measure: rate_difference(webp, photo_points, measure, RANGES[kind])
            for measure in MEASURES[kind]
        }
    return found


def mean(values: list[float | None]) -> float | None:
    """Return the mean of those that are there."""
    there = [value for value in values if value is not None]
    return statistics.fmean(there) if there else None


def table(found: dict[str, Any], kind: str) -> str:
    """Return a table of a kind's figures, with means in the last row."""
    codecs = [codec for codec in next(iter(found.values())) if codec != "JPEG"]
    measures = MEASURES[kind]
    heading = [kind] + [
        f"{codec} {m}" if len(measures) > 1 else codec for codec in codecs for m in measures
    ]
    heading += [f"SSIM {codec}" for codec in ("photo", "JPEG", "WebP")]

    def row(name: str, of_picture: list[dict[str, Any]]) -> list[str]:
        cells = [mean([p[codec][m] for p in of_picture]) for codec in codecs for m in measures]
        ssims = [mean([p[c]["ssim"] for p in of_picture]) for c in ("photo", "JPEG", "WebP")]
        words = ["" if cell is None else f"{cell:+.1f} %" for cell in cells]
        return [name, *words, *("" if s is None else f"{s:.4f}" for s in ssims)]

    rows = [row(name, [of_picture]) for name, of_picture in found.items()]
    return _bench.format_table(heading, [*rows, row("mean", list(found.values()))])


def speeds(pictures: list[Path], kind: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return megapixels a second of encoding and decoding, for the last few pictures of a kind.

    They are repeated to the size of a camera's, so that starting threads does not count.
    """
    images = ((path.stem, load(path, kind)) for path in pictures)
    of_kind = [(name, img) for name, img in images if img is not None][-3:]
    times = 1 if args.quick else REPEATED
    return [
        {"picture": name, **speed(repeated(img, times), args.effort, quick=args.quick)}
        for name, img in of_kind
    ]


def repeated(img: Array, times: int) -> Array:
    """Return a picture that is repeated so many times in each direction."""
    return np.tile(img, (times, times) + (1,) * (img.ndim - 2))


def speed(img: Array, effort: str, *, quick: bool) -> dict[str, float]:
    """Return megapixels a second, at about one bit a pixel, in turns with the peers."""
    step = photo.step_of(55)
    data = encode_photo(img, step, effort)
    wanted = centnn.psnr(img, decode_photo(data))
    webp = reaching("WebP", img, wanted)
    jpeg = reaching("JPEG", img, wanted)
    megapixels = img.shape[0] * img.shape[1] / 1e6
    bytes_of = {"WebP": np.frombuffer(webp[1], np.uint8), "JPEG": np.frombuffer(jpeg[1], np.uint8)}
    flag = cv2.IMREAD_COLOR if img.ndim == 3 else cv2.IMREAD_GRAYSCALE
    contestants = {
        "decode": lambda: decode_photo(data),
        "decode, 2 threads": lambda: decode_photo(data, 2),
        "decode WebP": lambda: cv2.imdecode(bytes_of["WebP"], cv2.IMREAD_COLOR),
        "decode JPEG": lambda: cv2.imdecode(bytes_of["JPEG"], flag),
        "encode": lambda: encode_photo(img, step, effort),
        "encode, 2 threads": lambda: encode_photo(img, step, effort, 2),
        "encode WebP": lambda: encode_with("WebP", img, webp[0]),
        "encode JPEG": lambda: encode_with("JPEG", img, jpeg[0]),
    }
    times = in_turns(contestants, 3 if quick else 9)
    return {name: megapixels / seconds for name, seconds in times.items()}


def in_turns(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of calls that take turns."""
    contestants = [
        _bench.Contestant(name, 2 if "threads" in name else 1, call) for name, call in calls.items()
    ]
    times = _bench.race(contestants, repeats, 1.0)
    return {name: times[name, 2 if "threads" in name else 1] for name in calls}


def reaching(codec: str, img: Array, wanted: float) -> tuple[int, bytes]:
    """Return the least quality, and the file, of at least this PSNR."""
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        restored = decode_with(encode_with(codec, img, middle), in_colour=img.ndim == 3)
        low, high = (low, middle) if centnn.psnr(img, restored) >= wanted else (middle, high)
    return high, encode_with(codec, img, high)


def speed_table(rows: list[dict[str, Any]], kind: str) -> str:
    """Return a table of megapixels a second."""
    names = [name for name in rows[0] if name != "picture"] if rows else []
    cells = [[row["picture"], *(f"{row[name]:.1f}" for name in names)] for row in rows]
    return _bench.format_table([f"Mpx/s, {kind}", *names], cells)


def draw(curves: dict[str, dict[str, list[Point]]], kind: str, path: Path) -> None:
    """Draw quality over size, a panel a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(curves)[:6]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4 * columns, 3.2 * rows), squeeze=False)
    measure = MEASURES[kind][0]
    for axis, name in zip(axes.flat, names, strict=False):
        for codec, points in curves[name].items():
            kept = sorted((p.rate, p.quality[measure]) for p in points if p.rate <= RATE_LIMIT)
            style = {"linewidth": 2.2, "color": "black"} if codec == "photo" else {"linewidth": 1.2}
            axis.plot(*np.array(kept).T, marker=".", label=codec, **style)
        axis.set_title(name)
        axis.set_xlim(0, RANGES[kind][1])
        axis.grid(alpha=0.3)
        axis.set_xlabel("bits a pixel")
        axis.set_ylabel("PSNR, dB")
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    axes.flat[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=72)
    plt.close(figure)
    pixels = cv2.imread(str(path))[:, :, ::-1]
    path.write_bytes(indexed_png(make_palette(pixels, 64)))  # a third of the size


def gallery(curves: dict[str, dict[str, list[Point]]], pictures: list[Path], folder: Path) -> None:
    """Write a page of crops of about equal size, 0.25 bits a pixel."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for path in pictures:
        if path.stem not in curves:
            continue
        original = load(path, "colour")
        cells = [("original", original, None)]
        for codec in ("photo", "JPEG", "WebP"):
            best = min(curves[path.stem][codec], key=lambda p: abs(np.log(p.rate / 0.25)))
            cells.append((codec, best.restored, best))
        rows.append("<tr>" + "".join(cell(path.stem, *of, folder) for of in cells) + "</tr>")
    page = "<!doctype html><meta charset=utf-8><title>Photo mode</title><table>"
    (folder / "index.html").write_text(page + "\n".join(rows) + "</table>\n")


def cell(name: str, codec: str, img: Array, found: Point | None, folder: Path) -> str:
    """Write the middle of a picture, and return its cell of the page."""
    y, x = ((side - CROP) // 2 for side in img.shape[:2])
    file = f"{name}-{codec}.png"
    cv2.imwrite(str(folder / file), img[y : y + CROP, x : x + CROP, ::-1])
    words = (
        codec if found is None else f"{codec}, {found.rate:.3f} bpp, {found.quality['rgb']:.2f} dB"
    )
    return (
        f'<td><img src="{file}" width={2 * CROP} style="image-rendering:pixelated"><br>{words}</td>'
    )


if __name__ == "__main__":
    main()
