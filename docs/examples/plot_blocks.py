"""
Blocks of pixels beside K-Means
===============================

The second experiment of the article that this library started from: a grey picture of 128x128
pixels is cut into 1024 blocks of 4x4, and each block is shown as one of 512 codewords.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import camera
from skimage.transform import resize
from sklearn.cluster import KMeans

import centnn
from centnn.image import from_blocks, to_blocks

K = 512
img = np.rint(resize(camera(), (128, 128), anti_aliasing=True) * 255).astype(np.uint8)
X = to_blocks(img, 4).astype(float)
print(f"{len(X)} blocks of {X.shape[1]} pixels")

# %%
# Two blocks share a codeword on average. What matters is which two.


def k_means(init, n_init=1):
    """Return the codewords of K-Means."""
    return KMeans(K, init=init, n_init=n_init, random_state=0).fit(X).cluster_centers_


codebooks = {
    "CentNN": centnn.fit_codebook(X, K).centers,
    "CentNN, classic": centnn.fit_codebook(X, K, algorithm="classic").centers,
    "k-means++, best of 10": k_means("k-means++", 10),
    "k-means++": k_means("k-means++"),
    "K-Means, random start": k_means("random"),
}
restored = {
    name: from_blocks(centnn.dequantize(centnn.quantize(X, codewords), codewords), img.shape, 4)
    for name, codewords in codebooks.items()
}
quality = {name: centnn.psnr(img, picture) for name, picture in restored.items()}
for name, decibels in quality.items():
    print(f"{name:22} {decibels:.2f} dB")

# %%
# The quality of each. ``classic`` grows the codebook beside the codeword with the largest error,
# and does not find out that other pairs of blocks are nearer to each other.

figure, axis = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
bars = axis.barh(list(quality), list(quality.values()), color=["C3", "C1", "0.6", "0.6", "0.6"])
axis.bar_label(bars, fmt="%.2f dB", padding=-54, color="white")
axis.invert_yaxis()
axis.set_xlabel("PSNR (dB)")

# %%
# The pictures.

figure, panels = plt.subplots(1, 3, figsize=(7.5, 2.9), layout="constrained")
pictures = {"original": img} | {n: restored[n] for n in ("CentNN", "K-Means, random start")}
for panel, (name, picture) in zip(panels, pictures.items(), strict=True):
    panel.imshow(picture, "gray", vmin=0, vmax=255)
    panel.set_title(name, fontsize=10)
    panel.set_axis_off()
