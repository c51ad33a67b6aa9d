import numpy as np
from numpy.typing import NDArray

MAX_VALUES: int

def optimal(
    values: NDArray[np.float64], weights: NDArray[np.float64], n_clusters: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]: ...
