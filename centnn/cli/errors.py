"""What is wrong, in the words of the command line."""

from __future__ import annotations

__all__ = ["in_options"]

# What arguments of functions are called here.
OPTIONS = {
    "block": "-b",
    "bpp": "--bpp",
    "max_pixels": "--max-pixels",
    "n_clusters": "-k",
    "n_codewords": "-k",
    "psnr": "--psnr",
    "quality": "--quality",
    "rate_weight": "--rate-weight",
    "upto": "--upto",
}


def in_options(message: str) -> str:
    """Return a message that begins with the name of an argument, with that of the option for it."""
    name, space, rest = message.partition(" ")
    return OPTIONS.get(name, name) + space + rest
