"""The command line: `centnn compare`, `compress`, `decompress` and `info`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import centnn
from centnn._files import write_atomically
from centnn.image.container import compress, decompress, read_header

__all__ = ["main"]

Array = NDArray[Any]

if TYPE_CHECKING:
    from centnn.compare import Experiment

N_CODEWORDS = 512
BLOCK = (4, 4)
# What CentNN was published with, as (codewords, block), on a picture of this side.
REFERENCE_EXPERIMENTS = [(48, (1, 1)), (512, (4, 4))]
REFERENCE_SIDE = 128

BAD_INPUT = 1
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default, those that the program was started with.

    Returns
    -------
    int
        The exit code: 0, 1 for bad input (told in one line on stderr) or 130 if interrupted.

    Raises
    ------
    SystemExit
        From argparse: code 2 on wrong usage, 0 after `--help` or `--version`.
    """
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ValueError as error:
        print(f"centnn: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"centnn: {reason}", file=sys.stderr)
        return BAD_INPUT
    return 0


# The commands


def _compare(args: argparse.Namespace) -> None:
    try:
        from centnn import compare

        experiments = list(_experiments(args))
    except ModuleNotFoundError as error:
        raise ValueError(
            f"compare needs {error.name}, which is missing: pip install 'centnn[demo]'"
        ) from None
    write_atomically(args.plot, compare.draw(experiments))
    print(f"drawn side by side in {args.plot}")


def _experiments(args: argparse.Namespace) -> Iterator[Experiment]:
    """Run the experiments asked for, and print what comes out of each."""
    from centnn import compare

    if args.k is None and args.block is None:
        plan = REFERENCE_EXPERIMENTS
        side = REFERENCE_SIDE if args.resize is None else args.resize
        name, img = _picture(args.image, grey=True)
    else:
        plan = [(N_CODEWORDS if args.k is None else args.k, args.block or BLOCK)]
        side = args.resize
        name, img = _picture(args.image, grey=False)
    if side is not None:
        img = _resized(img, side)
    for n_codewords, block in plan:
        size = f"{img.shape[1]}x{img.shape[0]}"
        title = f"{name} at {size}: {_samples(img, block)}, K = {n_codewords}"
        print(title, flush=True)
        results = compare.compare_methods(img, n_codewords, block)
        print(compare.format_table(results), end="\n\n", flush=True)
        yield compare.Experiment(title, img, results)


def _compress(args: argparse.Namespace) -> None:
    write_atomically(args.output, compress(_read_image(args.input), args.k, args.block))


def _decompress(args: argparse.Namespace) -> None:
    with _naming(args.input):
        img = decompress(args.input.read_bytes())
    write_atomically(args.output, _encode_png(img))


def _info(args: argparse.Namespace) -> None:
    data = args.input.read_bytes()
    with _naming(args.input):
        header = read_header(data)
    alpha = " with alpha" if header.has_alpha else ""
    print(f"version    {header.version}")
    print(f"image      {header.width}x{header.height} pixels (width x height)")
    print(f"samples    {header.colour}{alpha}, {header.depth} bits")
    print(f"block      {header.block[0]}x{header.block[1]} pixels (height x width)")
    print(f"codewords  {' + '.join(map(str, header.n_codewords))}")
    print(f"size       {len(data)} bytes")
    print(f"rate       {8 * len(data) / (header.height * header.width):.3f} bits per pixel")


# Their arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="centnn", description="Vector quantization of images with the Centroid Neural Network."
    )
    parser.add_argument("--version", action="version", version=f"centnn {centnn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str,
        run: Callable[[argparse.Namespace], None],
        summary: str,
        example: str,
        details: str = "",
    ) -> argparse.ArgumentParser:
        subparser: argparse.ArgumentParser = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}. {details}",
            epilog=f"example: {example}",
        )
        subparser.set_defaults(run=run)
        return subparser

    _add_compare_arguments(
        command(
            "compare",
            _compare,
            "train CentNN and K-Means on a picture, print a table and draw the results",
            "centnn compare photo.png -k 256 -b 4 --plot photo-compare.png",
            "Without -k and -b, it runs the two reference experiments: grey levels with K = 48 and "
            "4x4 blocks with K = 512, on the picture in grey at 128x128. With either, it runs that "
            "one experiment on the picture as it is.",
        )
    )
    _add_compress_arguments(
        command(
            "compress",
            _compress,
            "compress a picture to a .cvq file",
            "centnn compress photo.png photo.cvq -k 512 -b 4",
        )
    )
    _add_decompress_arguments(
        command(
            "decompress",
            _decompress,
            "decompress a .cvq file to a PNG picture",
            "centnn decompress photo.cvq photo.png",
        )
    )
    _add_info_arguments(
        command(
            "info",
            _info,
            "tell the sizes that a .cvq file declares, and its own",
            "centnn info photo.cvq",
        )
    )
    return parser


def _add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        type=Path,
        help="picture (default: a photograph that comes with scikit-image)",
    )
    parser.add_argument(
        "-k", type=int, metavar="K", help=f"{_K_HELP} (default beside -b: {N_CODEWORDS})"
    )
    parser.add_argument("-b", "--block", type=_block, help=f"{_BLOCK_HELP} (default beside -k: 4)")
    parser.add_argument(
        "--resize", type=int, metavar="N", help="resize the picture to N x N pixels first"
    )
    parser.add_argument(
        "--plot",
        type=_png_path,
        metavar="OUT.png",
        default=Path("centnn-compare.png"),
        help="where to draw originals and reconstructions side by side (default: %(default)s)",
    )


def _add_compress_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="picture, 8 bits a channel")
    parser.add_argument("output", metavar="OUT.cvq", type=Path, help="file to write")
    parser.add_argument(
        "-k",
        type=int,
        metavar="K",
        default=N_CODEWORDS,
        help=f"{_K_HELP} (default: %(default)s)",
    )
    parser.add_argument(
        "-b", "--block", type=_block, default=BLOCK, help=f"{_BLOCK_HELP} (default: 4)"
    )


def _add_decompress_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN.cvq", type=Path, help="file to read")
    parser.add_argument("output", metavar="OUT.png", type=_png_path, help="picture to write")


def _add_info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="FILE", type=Path, help="file to read")


_K_HELP = "number of codewords"
_BLOCK_HELP = "block in pixels, as one side or as HEIGHTxWIDTH; 1: grey levels or colours"


def _block(text: str) -> tuple[int, int]:
    try:
        sides = [int(side) for side in text.split("x")]
        height, width = sides * 2 if len(sides) == 1 else sides
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a side or HEIGHTxWIDTH, such as 4 or 4x8, got {text!r}"
        ) from None
    return height, width


def _png_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"must end in .png, got {text!r}")
    return path


# Pictures


def _picture(path: Path | None, *, grey: bool) -> tuple[str, Array]:
    """Return the name and the pixels of a picture; without a path, of a sample photograph."""
    if path is not None:
        return path.name, _read_image(path, grey=grey)

    import cv2
    from skimage.data import astronaut  # comes inside the wheel: no download

    pixels: Array = astronaut()
    return "astronaut", cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if grey else pixels


def _read_image(path: Path, *, grey: bool = False) -> Array:
    """Read a picture of 8 bits a channel; in colour, as red, green, blue."""
    import cv2

    data = np.frombuffer(path.read_bytes(), np.uint8)
    with _naming(path):
        stored = _decode(data, cv2.IMREAD_UNCHANGED)
        if stored.dtype != np.uint8:
            raise ValueError(f"a picture must have 8 bits a channel, got {stored.dtype}")
        if stored.shape[2:] not in ((), (3,)):
            raise ValueError("a picture must be grey or RGB, got one with an alpha channel")
        # Decoded again, since only these turn a photograph the way that its EXIF tag says.
        img = _decode(data, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_ANYCOLOR)
    return img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_BGR2RGB)


def _decode(data: Array, flags: int) -> Array:
    """Return the picture as OpenCV decodes it."""
    import cv2

    img: Array | None = None
    with _silent_stderr(), contextlib.suppress(cv2.error):  # raised on nothing and on too much
        img = cv2.imdecode(data, flags)
    if img is None:
        raise ValueError("it must be a picture that OpenCV can read, undamaged, and is not")
    return img


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Hide what libpng and libjpeg print: they know no other way than file descriptor 2."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _resized(img: Array, side: int) -> Array:
    import cv2

    if side < 1:
        raise ValueError(f"--resize must be at least 1 pixel, got {side}")
    resized: Array = cv2.resize(img, (side, side))
    return resized


def _encode_png(img: Array) -> bytes:
    import cv2

    with _silent_stderr():
        written, png = cv2.imencode(
            ".png", img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
        )
    if not written:
        raise ValueError(f"a PNG picture must be smaller than {img.shape[1]}x{img.shape[0]} pixels")
    return png.tobytes()


# Words


def _samples(img: Array, block: tuple[int, int]) -> str:
    """Say what the samples are that a picture is cut into."""
    if block == (1, 1):
        return "grey levels" if img.ndim == 2 else "colours"
    return f"{block[0]}x{block[1]} {'grey' if img.ndim == 2 else 'colour'} blocks"


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say in which file it is that something is wrong."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
