"""The tasks on chunks of a dask array, and the graphs that put their results together.

A task reads its chunk and works on it at once, so that a worker holds no chunk but those that its
threads work on. A task returns what is of the size of a codebook.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import dask
import numpy as np
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from dask.sizeof import sizeof
from dask.task_spec import Alias, DataNode, List, Task, TaskRef
from numpy.typing import NDArray

from centnn import _summary, _validation
from centnn._dask_cluster import Strand
from centnn._exact_sums import Units
from centnn._summary import Moments, Summary

__all__ = ["Chunks", "Overview", "joined"]

Array = NDArray[Any]
Graph = dict[Any, Any]

# Results that are put together at once.
FAN_IN = 8

# Codewords, for one that is wanted, that training gets at most, and of what many chunks are merged
# to before.
MOST_TOGETHER = 128
MERGED = 4
FEW_CLUSTERS = 64  # fewer are treated as so many


@dataclass(frozen=True)
class Overview:
    """What the first pass over some chunks finds."""

    summary: Summary
    """Codewords that stand for their samples."""
    largest: float
    """The largest absolute value of a sample."""
    n_samples: int
    """Samples of a weight above 0."""


class Chunks:
    """The chunks of samples X (N, D), and of weights (N,) if there are any, cut alike.

    Each is read anew whenever it is worked on, unless it is persisted. Errors call it `name`, with
    its index in the place of {}.
    """

    def __init__(self, X: Any, weights: Any | None = None, name: str = "chunk {} of X") -> None:
        self._name = name
        self.X = X  # holds on to what is persisted
        arrays = [X] if weights is None else [X, weights]
        # Fused whatever the user's setting, so that the fewest tasks read a chunk.
        with dask.config.set({"optimization.fuse.active": None}):
            optimized = dask.optimize(*arrays)
        self._graph: Graph = {}
        for array in optimized:
            self._graph.update(dict(array.__dask_graph__()))
        self._reads = [
            tuple(map(self._reading, keys))
            for keys in zip(*(_keys(array) for array in optimized), strict=True)
        ]
        self._shapes = [(n, X.shape[1]) for n in X.chunks[0]]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._reads)

    def persisted(self) -> list[Any]:
        """Return the key of each chunk of X that the cluster holds; None for one that is read."""
        return [getattr(reads[0], "target", None) for reads in self._reads]

    def overviews(self, n_clusters: int, strands: Iterable[Strand]) -> list[Delayed]:
        """Return overviews to be computed, of neighbours, in order; None where all weights are 0.

        Together they have MOST_TOGETHER codewords a cluster at most. How chunks are put together
        depends on their number only.
        """
        graph, name = dict(self._graph), _unique("summarize")
        size = _summary.summary_size(n_clusters, len(self))
        level = [(name, i) for i in range(len(self))]
        places: dict[Any, str | None] = {}
        for strand in strands:
            before: list[Any] = []
            for i in strand.chunks:
                graph[level[i]] = self._task(level[i], i, Summarize(size), before)
                if strand.held:
                    # Idle workers steal tasks that wait for a thread, and chunks with them: these
                    # wait for each other instead.
                    before = [level[i]]
                    places[level[i]] = strand.worker
        n_wanted = max(n_clusters, FEW_CLUSTERS)
        while len(level) > 1 and len(level) * size > MOST_TOGETHER * n_wanted:
            size = MERGED * n_wanted
            level = _put_together(graph, level, merge, size)
        return _pinned(level, graph, places)

    def moments(self, centers: Array, units: Units, strands: Iterable[Strand]) -> Delayed:
        """Return the moments of all chunks, to be computed.

        The chunks of a strand are worked on one after another and added up on the way, and the
        sums of a worker's strands added up there. It does not matter for the result which chunks
        are in which strand.
        """
        # A task of its own: workers get its result from each other, once.
        codebook = _unique("codebook")
        graph = {**self._graph, codebook: Task(codebook, _itself, DataNode(None, centers))}
        places: dict[Any, str | None] = {}
        level: list[Any] = []
        for worker, of_worker in itertools.groupby(strands, lambda strand: strand.worker):
            tasks: Graph = {}
            ends = [self._strand(tasks, strand, codebook, units) for strand in of_worker]
            level += _reduced(tasks, ends, add)
            places |= dict.fromkeys(tasks, worker)
            graph |= tasks
        (total,) = _pinned(_reduced(graph, level, add), graph, places)
        return total

    def _strand(self, graph: Graph, strand: Strand, codebook: Any, units: Units) -> Any:
        """Let tasks work on the chunks of a strand; return the key of their sum."""
        name = _unique("pass")
        so_far: list[Any] = []
        for i in strand.chunks:
            key = (name, i)
            graph[key] = self._task(key, i, Gather(units), [codebook, *so_far])
            so_far = [key]
        return so_far[0]

    def _reading(self, key: Any) -> Any:
        """Return the task that reads a chunk, or a reference to one that the cluster holds."""
        node = self._graph.get(key)
        while isinstance(node, Alias) and node.target in self._graph:
            node = self._graph[node.target]
        return Alias(None, key) if node is None else node

    def _task(self, key: Any, index: int, work: Callable[..., Any], others: Any = ()) -> Task:
        reads = self._reads[index]
        needed = list(dict.fromkeys(key for read in reads for key in read.dependencies))
        on_chunk = OnChunk(self._name.format(index), self._shapes[index], reads, needed, work)
        return Task(key, on_chunk, *map(TaskRef, [*needed, *others]))


@dataclass(frozen=True)
class OnChunk:
    """Reads a chunk and works on it; an error says which chunk it was."""

    name: str
    """What errors call it."""
    shape: tuple[float, int]
    """What the array says of it; the number of samples may be nan."""
    reads: Sequence[Any]
    """The tasks that read samples, and weights if there are any."""
    needed: Sequence[Any]
    """The keys of what they need."""
    work: Callable[..., Any]

    def __call__(self, *values: Any) -> Any:
        """Work on the chunk with the values of the keys that are needed, and others."""
        name = self.name
        n_needed = len(self.needed)
        by_key = dict(zip(self.needed, values[:n_needed], strict=True))
        try:
            X, *weights = (read(by_key) for read in self.reads)
        except MemoryError:
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise RuntimeError(f"{name} cannot be read: {what}") from error
        samples = _checked(X, self.shape, name)
        if not weights:
            return self.work(samples, None, *values[n_needed:])
        return self.work(*_weighted(samples, weights[0], name), *values[n_needed:])


@dataclass(frozen=True)
class Summarize:
    """Summarizes a chunk."""

    n_codewords: int

    def __call__(self, X: Array, weights: Array | None, *_before: Any) -> Overview | None:
        """Return the overview of a chunk, None if there is nothing of weight in it."""
        if len(X) == 0:
            return None
        largest = max(float(X.max()), -float(X.min()))
        summary = _summary.summarize(X, self.n_codewords, weights)
        return Overview(summary, largest, len(X))


@dataclass(frozen=True)
class Gather:
    """Adds the moments of a chunk to those of others."""

    units: Units

    def __call__(
        self, X: Array, weights: Array | None, centers: Array, so_far: Moments | None = None
    ) -> Moments:
        """Return the moments of a chunk and of those before, if there are any."""
        found = self.units.rounded(_summary.moments(X, centers, weights, 1))
        return found if so_far is None else so_far + found


def merge(overviews: Sequence[Overview | None], n_codewords: int) -> Overview | None:
    """Return one overview for several, in their order, of at most so many codewords."""
    return joined(overviews, lambda summaries: _summary.merge(summaries, n_codewords))


def joined(
    overviews: Sequence[Overview | None],
    join: Callable[[list[Summary]], Summary] = _summary.union,
) -> Overview | None:
    """Return one overview for several, in their order: None if that is what all are."""
    found = [overview for overview in overviews if overview is not None]
    if not found:
        return None
    summary = join([overview.summary for overview in found])
    return Overview(
        summary,
        max(overview.largest for overview in found),
        sum(overview.n_samples for overview in found),
    )


def add(parts: Sequence[Moments]) -> Moments:
    """Return the sum of moments."""
    total, *others = parts
    for part in others:
        total = total + part
    return total


def _checked(X: Any, shape: tuple[float, int], name: str) -> Array:
    """Return a chunk as samples; ValueError if it is not what its array says."""
    samples = _validation.samples(X, name)
    n, d = shape
    if samples.shape[1] != d or (n == n and len(samples) != n):  # n may be nan, for unknown
        expected = tuple("any" if side != side else int(side) for side in shape)
        raise ValueError(f"{name} must have the shape {expected}, got {samples.shape}")
    return samples


def _weighted(samples: Array, sample_weight: Any, name: str) -> tuple[Array, Array]:
    """Return the samples of a weight above 0, and their weights."""
    weights = _validation.real_array(sample_weight, "sample_weight").astype(np.float64)
    if weights.shape != (len(samples),):
        raise ValueError(
            f"sample_weight must have the shape ({len(samples)},) like {name}, got {weights.shape}"
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"sample_weight must be finite and at least 0, got values from {weights.min()} "
            f"to {weights.max()} for {name}"
        )
    used = weights > 0
    return (samples, weights) if used.all() else (samples[used], weights[used])


def _keys(array: Any) -> list[Any]:
    """Return the keys of chunks, of an array that is cut along its first axis only."""
    keys = array.__dask_keys__()
    return [key[0] for key in keys] if array.ndim == 2 else list(keys)


def _put_together(
    graph: Graph, level: list[Any], join: Callable[..., Any], *options: Any
) -> list[Any]:
    """Let tasks join neighbours, FAN_IN at a time; return their keys."""
    name = _unique(join.__name__)
    groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
    keys = [(name, i) for i in range(len(groups))]
    for key, group in zip(keys, groups, strict=True):
        graph[key] = Task(key, join, List(*map(TaskRef, group)), *options)
    return keys


def _reduced(graph: Graph, level: list[Any], join: Callable[..., Any]) -> list[Any]:
    """Let tasks join all to one, in a tree; return its key, in a list."""
    while len(level) > 1:
        level = _put_together(graph, level, join)
    return level


def _pinned(keys: list[Any], graph: Graph, places: dict[Any, str | None]) -> list[Delayed]:
    """Return what is to be computed, of one graph, with the workers of some tasks.

    Left to itself, the scheduler moves a task away from its chunk where it deems another worker
    less busy and the chunk cheap to move. Pinned tasks go elsewhere only if their worker is gone.
    """
    pins = {"workers": places.get, "allow_other_workers": dict.fromkeys(places, True).get}
    name = _unique("graph")
    layers = {name: MaterializedLayer(graph, annotations=pins)}
    pinned = HighLevelGraph(layers, {name: set()})
    return [Delayed(key, pinned, layer=name) for key in keys]


def _bytes_of_moments(moments: Moments) -> int:
    return moments.sums.nbytes + moments.counts.nbytes


def _bytes_of_overview(overview: Overview) -> int:
    return overview.summary.codewords.nbytes + overview.summary.counts.nbytes


# Else dask takes them for as many bytes as a Python object without anything in it.
sizeof.register(Moments, _bytes_of_moments)
sizeof.register(Overview, _bytes_of_overview)


def _unique(what: str) -> str:
    """Return the name of tasks, as the dashboard shows it."""
    return f"centnn-{what}-{uuid4().hex}"


def _itself(value: Any) -> Any:
    return value
