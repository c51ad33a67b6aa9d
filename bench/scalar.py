"""Tell how long the optimal codebook of scalars takes, by distinct values N and codewords K.

    python bench/scalar.py [--repeats 3]

The values are normal, with weights from 1 to 99; the times are medians.
"""

import argparse
import json
import statistics
import time

import numpy as np

from centnn import _scalar

SIZES = (256, 4096, 65536)
CODEWORDS = (2, 48, 256, 4096)


def seconds(values, weights, k, repeats):
    """Return the median time of a training."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        _scalar.optimal(values, weights, k)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    """Print a table and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = []
    print(f"{'N':>8}" + "".join(f"{f'K = {k}':>12}" for k in CODEWORDS))
    for n in SIZES:
        values = np.unique(rng.normal(size=n))
        weights = rng.integers(1, 100, len(values)).astype(np.float64)
        line = f"{n:>8}"
        for k in CODEWORDS:
            if k > n:
                continue
            rows.append({"n": n, "k": k, "seconds": seconds(values, weights, k, args.repeats)})
            line += f"{rows[-1]['seconds'] * 1e3:>9.2f} ms"
        print(line)
    print(json.dumps({"bench": "scalar", "rows": rows}))


if __name__ == "__main__":
    main()
