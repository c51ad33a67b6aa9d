"""What the texts of options stand for; argparse tells what they must be if they are not that."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import inf
from pathlib import Path

__all__ = ["block", "colour", "number", "png_path", "weight", "whole"]


def whole(least: int, most: float = inf) -> Callable[[str], int]:
    """Return what makes of a text a whole number in a range."""

    def parsed(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise _wrong(f"a whole number {_range(least, most)}", text)
        return value

    return parsed


def number(least: float, most: float) -> Callable[[str], float]:
    """Return what makes of a text a number in a range."""

    def parsed(text: str) -> float:
        value = _number(text)
        if not least <= value <= most:
            raise _wrong(f"a number {_range(least, most)}", text)
        return value

    return parsed


def weight(text: str) -> float | str:
    """Return a rate weight."""
    value = _number(text)
    if text != "auto" and not 0 <= value < inf:
        raise _wrong("a number of at least 0, or auto", text)
    return text if text == "auto" else value


def block(most: float = inf) -> Callable[[str], tuple[int, int]]:
    """Return what makes of a text the height and width of blocks."""

    def parsed(text: str) -> tuple[int, int]:
        try:
            sides = [int(side) for side in text.split("x")]
            height, width = sides * 2 if len(sides) == 1 else sides
        except ValueError:
            height = width = 0
        if not (1 <= height <= most and 1 <= width <= most):
            raise _wrong(f"a side {_range(1, most)}, or HEIGHTxWIDTH, such as 4x8", text)
        return height, width

    return parsed


def colour(text: str) -> tuple[int, ...]:
    """Return a colour with or without alpha."""
    try:
        channels = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        channels = b""
    if len(channels) not in (3, 4):
        raise _wrong("RRGGBB or RRGGBBAA in hex", text)
    return tuple(channels)


def png_path(text: str) -> Path:
    """Return the path of a PNG file."""
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"must end in .png, got {text!r}")
    return path


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _range(least: float, most: float) -> str:
    return f"of at least {least:g}" if most == inf else f"from {least:g} to {most:g}"


def _wrong(what: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"must be {what}, got {text!r}")
