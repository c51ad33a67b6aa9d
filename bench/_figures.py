"""The figures that training is to reach, and whether a run of train.py reached them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

ResultRow = dict[str, Any]
Measure = Callable[[ResultRow], float | None]

# Two codebooks that are both the optimum differ by rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Figure:
    """A value of some rows and its limit."""

    text: str
    rows: str
    """A tag; or the beginning of a name; or nothing, for all rows of the comparison."""
    measure: Measure
    limit: float
    below: bool = False
    """Whether the limit itself is too much."""

    def verdict(self, results: Sequence[ResultRow]) -> dict[str, Any]:
        """Return whether it is met, with the values by name of row, None for one not measured."""
        values = {row["name"]: self.measure(row) for row in results if self._applies(row)}
        measured = {name: value for name, value in values.items() if value is not None}
        missed = {name: value for name, value in measured.items() if not self._is_met(value)}
        if missed:
            state = "missed"
        elif not measured:
            state = "not measured"
        else:
            state = "met" if len(measured) == len(values) else "met where measured"
        sign = "<" if self.below else "<="
        return {
            "figure": f"{self.text} {sign} {self.limit:g}",
            "state": state,
            "values": values,
            "missed": list(missed),
        }

    def _applies(self, row: ResultRow) -> bool:
        if "article" in row["tags"]:
            return False
        return not self.rows or self.rows in row["tags"] or row["name"].startswith(self.rows)

    def _is_met(self, value: float) -> bool:
        return value < self.limit if self.below else value <= self.limit * (1 + ROUNDING)


def _ratio(quantity: str, trainer: str, other: str) -> Measure:
    def measure(row: ResultRow) -> float | None:
        value, base = (row["results"].get(name) for name in (trainer, other))
        return value[quantity] / base[quantity] if value and base else None

    return measure


def _distortion(trainer: str) -> Measure:
    def measure(row: ResultRow) -> float | None:
        result = row["results"].get(trainer)
        return result["distortion"] if result else None

    return measure


def _sse_over_reference(trainer: str) -> Measure:
    def measure(row: ResultRow) -> float | None:
        result = row["results"].get(trainer)
        return result.get("sse_over_reference") if result else None

    return measure


def _figures() -> list[Figure]:
    once, ten, faiss, start = "k-means++ x1", "k-means++ x10", "faiss", "k-means++ start"
    return [
        _seconds("fast", once, "", 1),
        _distortions("fast", ten, "picture", 1),
        _distortions("balanced", ten, "", 1),
        _distortions("balanced", ten, "4x4", 0.97),
        *_targets("balanced", (160.9, 31.5, 15.61, 6.29)),
        Figure("balanced: SSE / reference", "reference", _sse_over_reference("balanced"), 1.0002),
        _seconds("balanced", once, "", 3),
        *_targets("best", (160.4, 31.42, 15.56)),
        *(_seconds("best", "breathing", name, 2) for name in TARGET_ROWS[:3]),
        _seconds("fast", faiss, "large", 1, below=True),
        _distortions("fast", once, "large", 1, below=True),
        _distortions("balanced", "fast", "large", 1, below=True),
        _seconds("fast", start, "start", 1, below=True),
        _seconds("balanced", start, "start", 1, below=True),
    ]


TARGET_ROWS = ("bridge 4x4 K=256", "lena 4x4 K=256", "lena 4x4 K=1024", "lena 128 4x4 K=512")


def _targets(trainer: str, limits: Sequence[float]) -> list[Figure]:
    return [
        Figure(f"{trainer}: distortion of {name}", name, _distortion(trainer), limit)
        for name, limit in zip(TARGET_ROWS, limits, strict=False)
    ]


def _seconds(trainer: str, other: str, rows: str, limit: float, below: bool = False) -> Figure:
    return _comparison("seconds", trainer, other, rows, limit, below)


def _distortions(trainer: str, other: str, rows: str, limit: float, below: bool = False) -> Figure:
    return _comparison("distortion", trainer, other, rows, limit, below)


def _comparison(
    quantity: str, trainer: str, other: str, rows: str, limit: float, below: bool
) -> Figure:
    where = f" on {rows}" if rows else ""
    text = f"{trainer}: {quantity} / that of {other}{where}"
    return Figure(text, rows, _ratio(quantity, trainer, other), limit, below)


def verdicts(results: Sequence[ResultRow]) -> list[dict[str, Any]]:
    """Return what became of each figure that concerns one of the rows."""
    found = [figure.verdict(results) for figure in _figures()]
    return [verdict for verdict in found if verdict["values"]]


def describe(verdict: dict[str, Any]) -> str:
    """Return a verdict as a line of text."""
    values = verdict["values"]
    measured = {name: value for name, value in values.items() if value is not None}
    line = f"{verdict['state']:<18}  {verdict['figure']}"
    if measured:
        low, high = min(measured.values()), max(measured.values())
        spread = f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}"
        line += f": {spread} on {len(measured)} row{'s' * (len(measured) > 1)}"
    if verdict["missed"]:
        line += "; missed: " + ", ".join(
            f"{name} ({values[name]:.5g})" for name in verdict["missed"]
        )
    if measured and len(measured) < len(values):
        line += "; not measured: " + ", ".join(values.keys() - measured.keys())
    return line
