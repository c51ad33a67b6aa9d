"""The command line: `centnn COMMAND ...`; see `centnn --help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from centnn.cli.arguments import parser

__all__ = ["main"]

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
    args = parser().parse_args(argv)
    try:
        args.run(args)
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
