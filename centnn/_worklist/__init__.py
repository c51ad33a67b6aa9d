"""Training of small and middle-sized data: clusters settle one by one."""

from centnn._worklist.efforts import train

__all__ = ["train"]
