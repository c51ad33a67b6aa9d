"""The engine of algorithm="local" for large or high-dimensional data."""

from centnn._rounds._train import train

__all__ = ["train"]
