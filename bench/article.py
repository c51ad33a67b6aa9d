"""Tell how much faster `classic` is than the same algorithm in NumPy, and how good.

The two experiments of the article, on one picture: grey levels with K = 48 and 4x4 blocks with
K = 512 at 128x128. The NumPy version is the tests' oracle, one vectorized search a sample. Both
must give the same labels.

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
from centnn.image import to_blocks

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import reference


def timed(function):
    """Return what the function returns, and the seconds that it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def run(name, X, k, repeats):
    """Time both versions; return the figures."""
    fits = [timed(lambda: centnn.CentNN(k, algorithm="classic").fit(X)) for _ in range(repeats)]
    model = fits[0][0]
    seconds = statistics.median(seconds for _, seconds in fits)
    (_, labels, epochs), numpy_seconds = timed(lambda: reference.classic(X, k))
    assert np.array_equal(labels, model.labels_), "the two versions must give the same labels"
    return {
        "experiment": name,
        "epochs": epochs,
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

    rows = [
        run("grey levels, K = 48", grey.reshape(-1, 1), 48, args.repeats),
        run("4x4 blocks, K = 512", to_blocks(grey, 4), 512, args.repeats),
    ]
    print(f"{'experiment':<22}{'epochs':>8}{'dB':>8}{'NumPy s':>10}{'centnn s':>10}{'ratio':>8}")
    for row in rows:
        print(
            f"{row['experiment']:<22}{row['epochs']:>8}{row['psnr']:>8}"
            f"{row['numpy_seconds']:>10}{row['seconds']:>10}{row['times_faster']:>7}x"
        )
    print(json.dumps({"bench": "article", "picture": picture.name, "rows": rows}))


if __name__ == "__main__":
    main()
