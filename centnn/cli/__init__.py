"""The command line: `centnn COMMAND ...`; see `centnn --help`."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

from centnn.cli.arguments import parser

__all__ = ["main"]

BAD_INPUT = 1
INTERRUPTED = 130
TERMINATED = 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default, those that the program was started with.

    Returns
    -------
    int
        The exit code: 0, 1 for bad input (told in one line on stderr), 130 if interrupted or 143
        if terminated.

    Raises
    ------
    SystemExit
        From argparse: code 2 on wrong usage, 0 after `--help` or `--version`.
    """
    args = parser().parse_args(argv)
    try:
        with _raising_at_sigterm():
            args.run(args)
    except _Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        print(
            f"centnn: {args.command} needs {error.name}, which is missing: "
            "pip install 'centnn[demo]'",
            file=sys.stderr,
        )
        return BAD_INPUT
    except MemoryError:
        print("centnn: there is not enough memory for this", file=sys.stderr)
        return BAD_INPUT
    except ValueError as error:
        print(f"centnn: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"centnn: {reason}", file=sys.stderr)
        return BAD_INPUT
    return 0


class _Terminated(BaseException):
    """SIGTERM has come: files that are being written are removed on the way out."""


def _terminate(_signal: int, _frame: object) -> None:
    raise _Terminated


@contextlib.contextmanager
def _raising_at_sigterm() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not for other threads
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
