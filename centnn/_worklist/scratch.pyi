from centnn._worklist.clusters import Clusters

class Bench:
    n_threads: int
    def __init__(self, state: Clusters, n_threads: int) -> None: ...
