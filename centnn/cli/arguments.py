"""The arguments of each command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import isqrt
from pathlib import Path
from typing import Any

import centnn
from centnn._options import EFFORTS
from centnn.cli import compare, compress, info, palette, rd
from centnn.cli.values import block, colour, number, png_path, weight, whole
from centnn.image.channels import MAX_PIXELS
from centnn.image.codewords import LIMIT_BLOCK
from centnn.image.container import N_CODEWORDS
from centnn.image.goal import HIGHEST_BPP, HIGHEST_DB, LOWEST_BPP
from centnn.image.palette import MAX_COLOURS
from centnn.image.photo import N_LAYERS
from centnn.image.version2 import MAX_CODEWORDS

__all__ = ["parser"]

PICTURE = "picture (PNG, JPEG, TIFF, WebP, BMP)"
_K_HELP = "number of codewords"
_K_USUAL = f"{N_CODEWORDS}, or as many as there are different blocks"
_BLOCK_HELP = "block in pixels, as one side or as HEIGHTxWIDTH; 1: grey levels or colours"
_EFFORT_HELP = (
    "how long to train or search (default: balanced; fast for a palette or a target in VQ mode)"
)

Commands = Any  # what commands are added to, for which argparse has no public name


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    main = argparse.ArgumentParser(
        prog="centnn", description="Vector quantization of images with the Centroid Neural Network."
    )
    main.add_argument("--version", action="version", version=f"centnn {centnn.__version__}")
    commands = main.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command"
    )
    _add_compress(commands)
    _add_decompress(commands)
    _add_train(commands)
    _add_info(commands)
    _add_palette(commands)
    _add_compare(commands)
    _add_rd(commands)
    return main


def _command(
    commands: Commands,
    run: Callable[[argparse.Namespace], None],
    summary: str,
    examples: list[str],
    details: str = "",
) -> argparse.ArgumentParser:
    """Add a command, which is called as the function that runs it."""
    name = run.__name__
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}",
        epilog="examples:\n" + "\n".join(f"  centnn {name} {words}" for words in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_compress(commands: Commands) -> None:
    command = _command(
        commands,
        compress.compress,
        "compress pictures to .cvq files",
        [
            "photo.png photo.cvq --quality 60",
            "photo.png photo.cvq --psnr 35",
            "*.png -o folder --bpp 0.5",
            "- - < photo.png > photo.cvq",
            "drawing.png drawing.cvq -k 512 -b 4",
        ],
        "Pictures of 8 bits are coded in\nphoto mode, with codebooks that come with the program. "
        "In VQ mode a codebook is\ntrained on the picture: with -k, -b, --codebook, "
        "--rate-weight or --colour rgb, and\nfor pictures of 16 bits.",
    )
    _add_paths(command, PICTURE)
    _add_training(command)
    target = command.add_mutually_exclusive_group()
    target.add_argument(
        "--quality",
        type=number(0, 100),
        metavar="Q",
        help="of photo mode: 0 (smallest) to 100 (default: 60)",
    )
    target.add_argument(
        "--psnr",
        type=number(0, HIGHEST_DB),
        metavar="DB",
        help="find --quality, or -k, for this PSNR at least",
    )
    target.add_argument(
        "--bpp",
        type=number(LOWEST_BPP, HIGHEST_BPP),
        metavar="BITS",
        help="find --quality, or -k, for so many bits a pixel at most",
    )
    command.add_argument(
        "--no-filter",
        action="store_true",
        help="in photo mode, let decoding do without its last filter: faster, less clean",
    )
    command.add_argument(
        "--codebook", type=Path, metavar="BOOK", help="use a codebook that `train` wrote"
    )
    _add_writing(command)


def _add_decompress(commands: Commands) -> None:
    command = _command(
        commands,
        compress.decompress,
        "decompress .cvq files to PNG pictures",
        ["photo.cvq photo.png", "*.cvq -o folder", "start-of-photo.cvq coarse.png --upto 11"],
    )
    _add_paths(command, ".cvq file")
    command.add_argument(
        "--codebook", type=Path, metavar="BOOK", help="codebook that the files were made with"
    )
    command.add_argument(
        "--max-pixels",
        type=whole(1),
        metavar="N",
        default=MAX_PIXELS,
        help="refuse pictures of more pixels (default: %(default)s)",
    )
    command.add_argument(
        "--upto",
        type=whole(1, N_LAYERS),
        metavar="N",
        help=f"of files of photo mode, decode 1 to {N_LAYERS} layers at most: the first ones are "
        "coarse. The files may be cut off anywhere then: what is whole is decoded",
    )
    _add_writing(command)


def _add_train(commands: Commands) -> None:
    command = _command(
        commands,
        compress.train,
        "train a codebook that .cvq files of several pictures share",
        [
            "one.png two.png -o photos.cvb -k 1024",
            "--dask local folder/*.png -o photos.cvb",
            "--dask tcp://10.0.0.1:8786 folder/*.png -o photos.cvb",
        ],
    )
    command.add_argument("paths", metavar="IMAGE", nargs="+", type=Path, help="picture")
    command.add_argument(
        "--dask",
        metavar="SCHEDULER",
        help="let workers read and train on the pictures, which need not fit in memory together: "
        "those of dask's scheduler at this address, or local for processes of this machine",
    )
    command.add_argument(
        "-o", "--output", metavar="BOOK", type=Path, required=True, help="file to write"
    )
    _add_training(command)
    _add_writing(command)


def _add_info(commands: Commands) -> None:
    command = _command(
        commands,
        info.info,
        "tell what .cvq files and shared codebooks declare",
        ["photo.cvq", "--json *.cvq"],
    )
    command.add_argument("paths", metavar="FILE", nargs="+", type=Path, help="file to read")
    command.add_argument("--json", action="store_true", help="one line of JSON a file")


def _add_palette(commands: Commands) -> None:
    command = _command(
        commands,
        palette.palette,
        "write pictures as PNG with a palette",
        ["photo.png small.png -k 64 --dither", "*.png -o folder --keep ffffff --keep 000000"],
    )
    _add_paths(command, PICTURE)
    command.add_argument(
        "-k",
        type=whole(1, MAX_COLOURS),
        metavar="K",
        default=MAX_COLOURS,
        help=f"colours, 1 to {MAX_COLOURS} (default: {MAX_COLOURS})",
    )
    command.add_argument("--dither", action="store_true", help="spread errors to neighbours")
    command.add_argument(
        "--keep",
        type=colour,
        metavar="RRGGBB[AA]",
        action="append",
        default=[],
        help="a colour that must be in the palette; may be repeated",
    )
    command.add_argument("--effort", choices=EFFORTS, help=_EFFORT_HELP)
    _add_writing(command)


def _add_compare(commands: Commands) -> None:
    command = _command(
        commands,
        compare.compare,
        "train CentNN and K-Means on a picture, print a table and draw the results",
        ["photo.png -k 256 -b 4 --plot photo-compare.png"],
        "Without -k and -b, it runs the two reference\nexperiments: grey levels with K = 48 and "
        "4x4 blocks with K = 512, on the picture\nin grey at 128x128. With either, it runs that "
        "one experiment on the picture as it is.",
    )
    command.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        type=Path,
        help="picture (default: a photograph that comes with scikit-image)",
    )
    command.add_argument(
        "-k", type=whole(1), metavar="K", help=f"{_K_HELP} (default beside -b: {_K_USUAL})"
    )
    command.add_argument(
        "-b", "--block", type=block(), help=f"{_BLOCK_HELP} (default beside -k: 4)"
    )
    command.add_argument(
        "--resize",
        type=whole(1, isqrt(MAX_PIXELS)),
        metavar="N",
        help="resize the picture to N x N pixels first",
    )
    command.add_argument(
        "--plot",
        type=png_path,
        metavar="OUT.png",
        help="where to draw originals, reconstructions and errors side by side "
        "(default: centnn-compare.png, which is replaced)",
    )
    _add_writing(command)


def _add_rd(commands: Commands) -> None:
    command = _command(
        commands,
        rd.rd,
        "draw quality over size: .cvq beside JPEG, WebP and PNG with a palette",
        ["photo.png --plot photo-rd.png"],
    )
    command.add_argument("paths", metavar="IMAGE", nargs="+", type=Path, help="picture")
    command.add_argument(
        "--plot",
        type=png_path,
        metavar="OUT.png",
        default=Path("centnn-rd.png"),
        help="where to draw (default: %(default)s)",
    )
    command.add_argument(
        "-b", "--block", type=block(LIMIT_BLOCK), help=f"{_BLOCK_HELP} (default: 4)"
    )
    _add_writing(command)


def _add_paths(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "paths",
        metavar="IN",
        nargs="+",
        type=Path,
        help=f"{what}, then the file to write; with -o, one {what} or more. - is standard input "
        "or output",
    )
    command.add_argument(
        "-o", "--output", metavar="OUT", type=Path, help="file or folder to write to"
    )


def _add_training(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-k", type=whole(1, MAX_CODEWORDS), metavar="K", help=f"{_K_HELP} (default: {_K_USUAL})"
    )
    command.add_argument(
        "-b", "--block", type=block(LIMIT_BLOCK), help=f"{_BLOCK_HELP} (default: 4)"
    )
    command.add_argument(
        "--colour",
        choices=["rgb", "ycbcr", "ycbcr420"],
        help="how to code colours (default: ycbcr420 in photo mode; ycbcr; rgb with -b 1)",
    )
    command.add_argument("--effort", choices=EFFORTS, help=_EFFORT_HELP)
    command.add_argument(
        "--rate-weight",
        type=weight,
        metavar="W",
        help="what a bit is worth in squared error, or auto (default: 0; auto with a target)",
    )


def _add_writing(command: argparse.ArgumentParser) -> None:
    command.add_argument("-f", "--force", action="store_true", help="replace existing files")
    command.add_argument(
        "-q", "--quiet", action="store_true", help="tell nothing, show no progress"
    )
    command.add_argument("--json", action="store_true", help="tell in one line of JSON a file")
