"""
The codewords of a codebook
===========================

Cut into blocks of 8x8 pixels, a picture of bricks is made of few kinds of blocks. Here is a
codebook of 64 of them, drawn as blocks: those that occur most often come first.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import brick

import centnn
from centnn.image import from_blocks, to_blocks

img = brick()
X = to_blocks(img, 8)
book = centnn.fit_codebook(X, 64)
print(book)

# %%
# Each codeword has 64 components, the pixels of a block.

order = np.argsort(-book.counts)
tiles = np.full((8, 9, 8, 9), 255.0)  # a white line right of and below each block
tiles[:, :8, :, :8] = book.centers[order].reshape(8, 8, 8, 8).swapaxes(1, 2)
figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
axis.imshow(tiles.reshape(72, 72)[:-1, :-1], "gray", vmin=0, vmax=255)
axis.set_axis_off()

# %%
# The picture, and what it looks like when each block is the nearest codeword.

restored = from_blocks(book.decode(book.encode(X)), img.shape, 8)
figure, panels = plt.subplots(1, 2, figsize=(7.5, 3.9), layout="constrained")
for panel, picture, title in zip(
    panels, (img, restored), ("original", f"{centnn.psnr(img, restored):.2f} dB"), strict=True
):
    panel.imshow(picture, "gray", vmin=0, vmax=255)
    panel.set_title(title)
    panel.set_axis_off()
