"""
Grey levels beside K-Means
==========================

The first experiment of the article that this library started from: a grey picture of 128x128
pixels, each shown as one of 48 grey levels. The article uses *lena*; here it is a picture that
comes with scikit-image.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import camera
from skimage.transform import resize
from sklearn.cluster import KMeans

import centnn

K = 48
img = np.rint(resize(camera(), (128, 128), anti_aliasing=True) * 255).astype(np.uint8)
X = img.reshape(-1, 1).astype(float)

# %%
# A codebook of scalars can be found exactly, and by default centnn does so. ``classic`` is the
# published algorithm. K-Means is shown from a random start, which is what the article compares
# with, and from k-means++, which is what people use.


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
    name: centnn.dequantize(centnn.quantize(X, codewords), codewords).reshape(img.shape)
    for name, codewords in codebooks.items()
}
quality = {name: centnn.psnr(img, picture) for name, picture in restored.items()}
for name, decibels in quality.items():
    print(f"{name:22} {decibels:.2f} dB")

# %%
# The quality of each.

figure, axis = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
bars = axis.barh(list(quality), list(quality.values()), color=["C3", "C1", "0.6", "0.6", "0.6"])
axis.bar_label(bars, fmt="%.2f dB", padding=-54, color="white")
axis.invert_yaxis()
axis.set_xlabel("PSNR (dB)")

# %%
# 48 grey levels are enough for the eye: what differs is the error, here 20 times as bright.

figure, panels = plt.subplots(1, 3, figsize=(7.5, 2.9), layout="constrained")
panels[0].imshow(img, "gray", vmin=0, vmax=255)
panels[0].set_title("original")
for panel, name in zip(panels[1:], ("CentNN", "K-Means, random start"), strict=True):
    panel.imshow(20 * np.abs(img - restored[name]), "gray", vmin=0, vmax=255)
    panel.set_title(f"error of {name}", fontsize=10)
for panel in panels:
    panel.set_axis_off()
