"""
Image search with quantized descriptors
=======================================

Pictures are found again by what they show, though they were turned, made smaller and darker, and
cropped. Each picture is described by some hundred SIFT descriptors, and a product quantizer keeps
each of these in 8 bytes instead of 512.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import centnn

NAMES = [
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "immunohistochemistry",
    "moon",
    "page",
    "rocket",
]


def grey(img):
    """Return a picture in grey."""
    return img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)


detector = cv2.SIFT_create(nfeatures=1000)


def describe(img):
    """Return the SIFT descriptors of a picture in grey."""
    return detector.detectAndCompute(img, None)[1]


pictures = [grey(getattr(data, name)()) for name in NAMES]
descriptors = [describe(img) for img in pictures]
picture_of = np.repeat(np.arange(len(pictures)), [len(found) for found in descriptors])
X = np.concatenate(descriptors)

# %%
# What is kept: the codebooks, a code for each descriptor, and which picture it is from.

pq = centnn.ProductQuantizer(8).fit(X)
codes = pq.encode(X)
print(pq)
print(f"{len(X)} descriptors: {X.nbytes / 1e6:.1f} MB before, {codes.nbytes / 1e6:.2f} MB as codes")

# %%
# The pictures to find: turned by 25 degrees, a little more than half as large, darker, and cropped.


def altered(img):
    """Return what a user may have of a picture."""
    height, width = img.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 25, 0.6)
    turned = cv2.warpAffine(img, turn, (width, height), flags=cv2.INTER_AREA)
    dark = (0.7 * turned).astype(np.uint8)
    return dark[height // 4 : -height // 4, width // 4 : -width // 4]


queries = [altered(img) for img in pictures]

# %%
# Each descriptor of a query votes for the picture whose descriptor is nearest, and the more so the
# nearer that is compared with the nearest one of another picture.


def votes(query):
    """Return the share of the votes for each picture."""
    distances, indices = pq.search(describe(query), codes, n_nearest=20)
    counts = np.zeros(len(pictures))
    for distance, owner in zip(distances, picture_of[indices], strict=True):
        others = distance[owner != owner[0]]
        counts[owner[0]] += max(0, 1 - distance[0] / others[0]) if len(others) else 1
    return counts / counts.sum()


shares = np.array([votes(query) for query in queries])
print(f"{np.sum(shares.argmax(axis=1) == np.arange(len(pictures)))} of {len(pictures)} are found")

# %%
# Some queries, what they have the most votes for, and the shares of all.

figure, panels = plt.subplots(3, 4, figsize=(8, 6), layout="constrained")
for i, column in zip([0, 3, 4, 11], panels.T, strict=True):
    best = int(shares[i].argmax())
    column[0].imshow(queries[i], "gray", vmin=0, vmax=255)
    column[0].set_title("query")
    column[1].imshow(pictures[best], "gray", vmin=0, vmax=255)
    column[1].set_title(f"found: {NAMES[best]}")
    column[2].bar(
        range(len(NAMES)), shares[i], color=np.where(shares[i] == shares[i].max(), "C0", "0.7")
    )
    column[2].set_ylim(0, 1)
    column[2].set_xticks([])
    column[2].set_xlabel("pictures")
    for panel in column[:2]:
        panel.set_axis_off()
panels[2, 0].set_ylabel("share of the votes")
