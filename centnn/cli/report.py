"""What commands tell: progress while they work, and what came out."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from centnn._monitor import Callback
from centnn.cli.errors import printable

if TYPE_CHECKING:
    from centnn.image.goal import Attempt

__all__ = ["note", "progress", "progress_to_target", "say", "tell"]


@contextlib.contextmanager
def progress(label: str, n_codewords: int, largest: int, *, quiet: bool) -> Iterator[Callback]:
    """Give a callback for a training that moves a bar on a terminal; elsewhere it does nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return

    from tqdm import tqdm

    with tqdm(total=n_codewords, desc=printable(label), unit=" codewords", leave=False) as bar:

        def move(_epoch: int, n_so_far: int, distortion: float) -> None:
            bar.n = min(n_so_far, n_codewords)
            if distortion > 0:
                bar.set_postfix_str(f"{10 * math.log10(largest**2 / distortion):.2f} dB")
            else:
                bar.refresh()

        yield move


@contextlib.contextmanager
def progress_to_target(label: str, *, quiet: bool) -> Iterator[Callable[[Attempt], None]]:
    """Give a callback that tells on a terminal of each attempt at a target."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return

    from tqdm import tqdm

    with tqdm(desc=printable(label), unit=" attempts", leave=False, mininterval=0) as bar:

        def show(attempt: Attempt) -> None:
            bar.set_postfix_str(
                f"{attempt.setting}: {attempt.psnr:.2f} dB, {attempt.bpp:.3f} bpp", refresh=False
            )
            bar.update()

        yield show


def tell(facts: dict[str, Any], *, as_json: bool, quiet: bool, on_stderr: bool = False) -> None:
    """Print facts: as one line of words, or of JSON; those that are None are left out."""
    facts = {name: value for name, value in facts.items() if value is not None}
    print_line = _say_on_stderr if on_stderr else say
    if as_json:
        print_line(json.dumps(facts))
    elif not quiet:
        print_line(", ".join(f"{name} {_format(value)}" for name, value in facts.items()))


def note(text: str) -> None:
    """Print what else there is to know, beside the facts."""
    _say_on_stderr(f"centnn: note: {text}")


def say(line: str) -> None:
    """Print a line at once; an OSError names standard output."""
    try:
        print(printable(line), flush=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def _say_on_stderr(line: str) -> None:
    print(printable(line), file=sys.stderr)


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return "+".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
