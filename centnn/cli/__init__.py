"""The command line: `centnn COMMAND ...`; see `centnn --help`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

from centnn._search import isa
from centnn.cli.arguments import parser
from centnn.cli.errors import UsageError, in_options, printable

__all__ = ["main"]

BAD_INPUT = 1
WRONG_USAGE = 2
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
        The exit code: 0, 1 for bad input or 2 for options that contradict each other (told in one
        line on stderr), 130 if interrupted or 143 if terminated.

    Raises
    ------
    SystemExit
        From argparse: code 2 on wrong usage, 0 after `--help` or `--version`.
    """
    if sys.stderr is None:  # it is closed; to `print`, None is standard output
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (until the program ends)
    try:
        with _raising_at_sigterm(), _written_out():
            args = parser().parse_args(argv)
            isa()  # for a bad CENTNN_ISA to be told as such, whatever the command
            args.run(args)
    except _Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        return _refuse(
            f"{args.command} needs {error.name}, which is missing: pip install 'centnn[demo]'"
        )
    except MemoryError:
        return _refuse("there is not enough memory for this")
    except UsageError as error:
        return _refuse(str(error), WRONG_USAGE)
    except ValueError as error:
        return _refuse(in_options(str(error)))
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return 0


def _refuse(reason: str, code: int = BAD_INPUT) -> int:
    print(f"centnn: {printable(reason)}", file=sys.stderr)
    return code


@contextlib.contextmanager
def _written_out() -> Iterator[None]:
    """Write out what standard output holds back, or raise OSError, before Python finds out."""
    try:
        yield
    finally:
        _flush()


def _flush() -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python would try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(error.errno, error.strerror, "standard output") from error


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
