from centnn._worklist.clusters import Clusters
from centnn._worklist.scratch import Bench

class Shrinker:
    def __init__(self, state: Clusters, bench: Bench) -> None: ...
