"""The command line with arguments of any kind, on tiny files: a target for atheris.

    python tests/fuzz_arguments.py -runs=100000 -timeout=10 -rss_limit_mb=2048 FOLDER

Whatever the arguments are, the exit code is 0, 1 or 2; what is wrong is told in one line, or by
argparse; no warning comes up. Nothing is written but in a folder of its own. Drawing is left out,
which takes half a second, and so is the large picture that `compare` has by default.
"""

import contextlib
import io
import os
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["argparse", "centnn"]):
    import fuzz_seeds

    from centnn import cli, compare, image, rate_distortion
    from centnn.cli.pictures import encode_png

COMMANDS = ["compress", "decompress", "train", "info", "palette", "compare", "rd"]
FILES = {
    "grey.png": encode_png(fuzz_seeds.WAVES),
    "alpha.png": encode_png(fuzz_seeds.ALPHA),
    "deep.png": encode_png(fuzz_seeds.WAVES.astype("u2") * 257),
    "text.png": b"no picture",
    "vq.cvq": image.compress(fuzz_seeds.WAVES, 8),
    "photo.cvq": image.compress_photo(fuzz_seeds.ALPHA, 40),
    "shared.cvq": image.compress(fuzz_seeds.WAVES, codebook=fuzz_seeds.shared_book()),
    "book.cvqb": fuzz_seeds.shared_book(),
}
FLAGS = ["-f", "-q", "--json", "--no-filter", "--dither", "--help", "--version", "--", "--no-such"]
OPTIONS = ["-k", "-b", "-o", "--quality", "--psnr", "--bpp", "--codebook", "--max-pixels"]
OPTIONS += ["--upto", "--colour", "--effort", "--rate-weight", "--keep", "--resize", "--plot"]
NUMBERS = ["0", "1", "2", "3", "8", "16", "23", "24", "60", "100", "256", "4x4", "0x1"]
NUMBERS += ["-1", "0.5", "1e9", "1e400", "nan", "-inf", "inf", "2147483648", "9" * 20, "1_0"]
WORDS = ["", "-", ".", "none", "out", "out.png", "out.cvq", "ycbcr", "ycbcr420", "rgb", "auto"]
WORDS += ["fast", "best", "ffffff", "00000080", "#123456", "grün", "\udcff", "x" * 300, "a\0b"]
TOKENS = [*FILES, *FLAGS, *OPTIONS, *NUMBERS, *WORDS]

compare.draw = rate_distortion.draw = lambda what: b"picture"
cli.compare.sample_picture = lambda: fuzz_seeds.ALPHA[..., :3]


def arguments(data: bytes) -> list[str]:
    """Return a command and arguments, one for each byte; a last one may be any text."""
    if not data:
        return []
    chosen, _, text = data[1:].partition(b"\xff")
    last = [text.decode(errors="surrogateescape").replace("/", "|")] if text else []
    tokens = [TOKENS[byte % len(TOKENS)] for byte in chosen]
    return [COMMANDS[data[0] % len(COMMANDS)], *tokens, *last]


def write_files() -> None:
    """Write the files anew, and nothing else."""
    for path in Path().iterdir():
        path.unlink()
    for name, data in FILES.items():
        Path(name).write_bytes(data)


def stream(data: bytes = b"") -> io.TextIOWrapper:
    """Return what can be standard input, output or error."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8", "backslashreplace")


def run(data: bytes) -> None:
    """Run the command line; AssertionError if it does not end as it should."""
    write_files()
    sys.stdin = stream(FILES["grey.png"])
    out, err = stream(), stream()
    argv = arguments(data)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(argv)
        assert code in (0, 1, 2), f"{argv}: exit code {code}"
    except SystemExit as end:
        assert end.code in (0, 2), f"{argv}: argparse ended with {end.code}"
        return
    err.flush()
    told = err.buffer.getvalue().decode()
    if code != 0:
        message = told.splitlines()[-1:]
        assert message and message[0].startswith("centnn: "), f"{argv}: {told}"


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(bytes([COMMANDS.index("compare"), 0]))  # imports
        warnings.simplefilter("error")
        atheris.Setup(sys.argv, run)
        atheris.Fuzz()
