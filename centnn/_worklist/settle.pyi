from centnn._worklist.clusters import Clusters
from centnn._worklist.scratch import Bench

class Settler:
    n_moves: int
    n_rounds: int
    def __init__(self, state: Clusters, bench: Bench) -> None: ...
