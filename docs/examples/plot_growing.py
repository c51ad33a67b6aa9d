"""
CentNN growing on points in the plane
=====================================

The Centroid Neural Network begins with two codewords and adds one at a time. Samples change to a
nearer codeword one after another, and with each change both codewords concerned move, so that every
codeword is the mean of its samples at all times. When nothing moves any more, the codeword with the
largest error gets a new one at its side.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import centnn

# %%
# The samples: nine clouds of points, some near each other.

rng = np.random.default_rng(3)
middles = rng.uniform(0, 10, (9, 2))
X = np.concatenate([rng.normal(middle, 0.55, (120, 2)) for middle in middles])

# %%
# ``algorithm="classic"`` is Park's algorithm as it was published. It lets the codebook of K
# codewords settle before it adds another. So the codebook of K + 1 codewords goes on from where
# that of K ended, and training with a growing K shows how one codebook grows.

side = np.linspace(-2.5, 12, 160)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
colours = plt.get_cmap("tab10")


def draw(panel, codewords):
    """Draw samples, codewords and the region that is nearest to each codeword."""
    regions = centnn.quantize(grid, codewords).reshape(len(side), len(side))
    extent = (side[0], side[-1], side[0], side[-1])
    panel.clear()
    panel.imshow(regions, colours, vmin=0, vmax=9, alpha=0.35, origin="lower", extent=extent)
    panel.plot(*X.T, ".", color="0.25", markersize=1.5)
    panel.plot(*codewords.T, "o", color="white", markeredgecolor="black", markersize=7)
    panel.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:])


figure, panels = plt.subplots(2, 3, figsize=(7.5, 5.3), layout="constrained")
for panel, k in zip(panels.flat, (1, 2, 3, 5, 7, 9), strict=True):
    book = centnn.fit_codebook(X, k, algorithm="classic")
    draw(panel, book.centers)
    panel.set_title(f"K = {k}, error {centnn.mse(X, book.decode(book.encode(X))):.2f}")

# %%
# Epoch by epoch. A callback that returns True stops the training, and the result is the codebook so
# far.


def codewords_after(epochs):
    """Return the codewords after so many epochs."""
    book = centnn.fit_codebook(
        X, 9, algorithm="classic", callback=lambda epoch, k, distortion: epoch >= epochs
    )
    return book.centers


book = centnn.fit_codebook(X, 9, algorithm="classic")
figure, panel = plt.subplots(figsize=(4.5, 4.7), dpi=72, layout="constrained")


def draw_epoch(epoch):
    """Draw what there is after an epoch."""
    draw(panel, codewords_after(epoch))
    k, error = book.history[epoch - 1]
    panel.set_title(f"epoch {epoch}: K = {k:.0f}, error {error:.2f}")


animation = FuncAnimation(figure, draw_epoch, range(1, book.n_iter + 1), interval=250)

# %%
# The default, ``algorithm="local"``, makes the same moves in another order. It adds codewords where
# they gain most, grows too many, and removes those that gain least. Here that changes little; with
# more codewords, as in :doc:`plot_blocks`, it changes much.

for algorithm in ("classic", "local"):
    book = centnn.fit_codebook(X, 9, algorithm=algorithm)
    print(f"{algorithm:8} inertia {book.inertia:.1f}")
