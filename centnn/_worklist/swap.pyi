from centnn._worklist.clusters import Clusters
from centnn._worklist.grow import Grower
from centnn._worklist.settle import Settler
from centnn._worklist.shrink import Shrinker

class Swapper:
    n_tries: int
    n_failures: int
    def __init__(
        self, state: Clusters, grower: Grower, shrinker: Shrinker, settler: Settler
    ) -> None: ...
    def restart(self) -> None: ...
