"""
Recall of a product quantizer
=============================

A product quantizer cuts vectors into parts and gives each part a codebook. How often is the
nearest neighbour that it finds the true one, and how does that depend on the bytes that a vector
takes? The vectors here are SIFT descriptors, 128 components each, of pictures that come with
scikit-image.
"""

import time

import cv2
import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import centnn

PICTURES = ["astronaut", "camera", "chelsea", "coffee", "coins", "rocket", "immunohistochemistry"]

detector = cv2.SIFT_create()
found = []
for name in PICTURES:
    img = getattr(data, name)()
    grey = img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)
    found.append(detector.detectAndCompute(grey, None)[1])
X = np.random.default_rng(0).permutation(np.concatenate(found))

# %%
# Every fifth descriptor is a query, and the others are searched. The true nearest neighbours come
# from an exact search: it is a search for the nearest codeword, with all vectors as the codebook.

is_query = np.arange(len(X)) % 5 == 0
queries, base = X[is_query], X[~is_query]
truth = centnn.quantize(queries, base)
print(f"{len(queries)} queries among {len(base)} vectors")

# %%
# With m parts and 256 codewords for each, a vector takes m bytes instead of 512. Queries are not
# quantized: ``search`` compares them as they are with the codes.

SIZES = [2, 4, 8, 16, 32]
NEAREST = [1, 10, 100]
recall = {n: [] for n in NEAREST}
for m in SIZES:
    start = time.perf_counter()
    pq = centnn.ProductQuantizer(m).fit(base)
    seconds = time.perf_counter() - start
    codes = pq.encode(base)
    _, indices = pq.search(queries, codes, n_nearest=max(NEAREST))
    for n in NEAREST:
        recall[n].append(np.mean((indices[:, :n] == truth[:, None]).any(axis=1)))
    error = np.mean((base - pq.decode(codes)) ** 2)
    print(
        f"{m:2} bytes: trained in {seconds:.2f} s, mean squared error {error:5.1f}, "
        f"recall@1 {recall[1][-1]:.3f}"
    )

# %%
# Recall@n is how often the true nearest neighbour is among the n first. With few bytes it is worth
# to look at several, and to compare these with the query exactly.

figure, axis = plt.subplots(figsize=(6.4, 4), layout="constrained")
for n in NEAREST:
    axis.plot(SIZES, recall[n], "o-", label=f"recall@{n}")
axis.set_xscale("log", base=2)
axis.set_xticks(SIZES, map(str, SIZES))
axis.set_xlabel("bytes of a vector (of 512)")
axis.set_ylim(0, 1.02)
axis.grid(color="0.9")
axis.legend()
