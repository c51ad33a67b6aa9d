"""Tell how good the published algorithms are, and how much faster than in NumPy.

The two experiments of the article, on one picture: grey levels with K = 48 and 4x4 blocks with
K = 512 at 128x128. The NumPy versions are the tests' oracle, one vectorized search a sample. Both
must give the same labels. (With 1024 blocks for 512 codewords, `group` has one group: it is
`classic`.)

    python bench/article.py [PICTURE] [--repeats 5]

By default the picture is lena.png of $CENTNN_DATA.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

import centnn
from centnn._group import count_groups
from centnn.image import to_blocks

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import reference


def timed(function):
    """Return what the function returns, and the seconds that it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


ORACLES = {
    "classic": reference.classic,
    "entropy": reference.entropy,
    "group": lambda X, k: reference.group(X, k, count_groups(len(X), k)),
}


def run(name, X, k, algorithm, repeats):
    """Time both versions; return the figures."""
    fits = [timed(lambda: centnn.CentNN(k, algorithm=algorithm).fit(X)) for _ in range(repeats)]
    model = fits[0][0]
    seconds = statistics.median(seconds for _, seconds in fits)
    (_, labels, *_), numpy_seconds = timed(lambda: ORACLES[algorithm](X, k))
    assert np.array_equal(labels, model.labels_), "the two versions must give the same labels"
    return {
        "experiment": name,
        "algorithm": algorithm,
        "epochs": model.n_iter_,
        "psnr": round(centnn.psnr(X, model.cluster_centers_[model.labels_]), 2),
        "numpy_seconds": round(numpy_seconds, 2),
        "seconds": round(seconds, 4),
        "times_faster": round(numpy_seconds / seconds),
    }


def main():
    """Run both experiments; print a table and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("--repeats", type=int, default=5, help="runs of the compiled version")
    args = parser.parse_args()
    picture = args.picture or Path(os.environ["CENTNN_DATA"], "images", "lena.png")
    grey = cv2.resize(cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE), (128, 128))

    experiments = [
        ("grey levels, K = 48", grey.reshape(-1, 1), 48),
        ("4x4 blocks, K = 512", to_blocks(grey, 4), 512),
    ]
    rows = [
        run(*experiment, algorithm, args.repeats)
        for experiment in experiments
        for algorithm in ORACLES
    ]
    print(
        f"{'experiment':<22}{'algorithm':<10}{'epochs':>8}{'dB':>8}"
        f"{'NumPy s':>10}{'centnn s':>10}{'ratio':>8}"
    )
    for row in rows:
        print(
            f"{row['experiment']:<22}{row['algorithm']:<10}{row['epochs']:>8}{row['psnr']:>8}"
            f"{row['numpy_seconds']:>10}{row['seconds']:>10}{row['times_faster']:>7}x"
        )
    print(json.dumps({"bench": "article", "picture": picture.name, "rows": rows}))


if __name__ == "__main__":
    main()
