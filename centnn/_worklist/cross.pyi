import numpy as np
from numpy.typing import NDArray

from centnn._worklist.clusters import Clusters

class Cells:
    def __init__(
        self,
        state: Clusters,
        sums: NDArray[np.float64],
        weight: NDArray[np.float64],
        n_threads: int,
    ) -> None: ...
    def merge(self, n_left: int) -> NDArray[np.int32]: ...

def cross(state: Clusters, labels: NDArray[np.int32], n_threads: int) -> None: ...
