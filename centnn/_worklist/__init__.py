"""Codebooks of small and middle-sized data made better: clusters settle and change one by one."""

from centnn._worklist.efforts import refine

__all__ = ["refine"]
