"""What is wrong, in the words of the command line."""

from __future__ import annotations

__all__ = ["UsageError", "in_options", "printable"]

# What arguments of functions are called here: those that a file decides whether they are right.
OPTIONS = {"n_clusters": "-k", "n_codewords": "-k", "upto": "--upto"}


class UsageError(ValueError):
    """The command is wrong, whatever is in the files."""


def in_options(message: str) -> str:
    """Return a message that begins with the name of an argument, with that of the option for it."""
    name, space, rest = message.partition(" ")
    return OPTIONS.get(name, name) + space + rest


def printable(text: str) -> str:
    """Return a text that names of files may be in, which hold anything, as one harmless line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
