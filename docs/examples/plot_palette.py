"""
A palette
=========

A picture in colour with 16 colours only: chosen by centnn, and by Pillow's median cut.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from skimage.data import coffee

import centnn
from centnn.image import make_palette

img = coffee()

# %%
# The result has the colours and, for each pixel, which it is.

found = make_palette(img, 16)
print(found.palette.shape, found.indices.shape)

# %%
# Dithering spreads the error of each pixel to its neighbours: the PSNR falls, but seen from a
# distance the colours are nearer to the original.

pillow = Image.fromarray(img).quantize(16, dither=Image.Dither.NONE).convert("RGB")
pictures = {
    "original": img,
    "Pillow, median cut": np.asarray(pillow),
    "centnn": found.pixels(),
    "centnn, dithered": make_palette(img, 16, dither=True).pixels(),
}
figure, panels = plt.subplots(2, 2, figsize=(7.5, 5.6), layout="constrained")
for panel, (name, picture) in zip(panels.flat, pictures.items(), strict=True):
    panel.imshow(picture)
    known = "" if picture is img else f", {centnn.psnr(img, picture):.2f} dB"
    panel.set_title(name + known, fontsize=10)
    panel.set_axis_off()

# %%
# The palette, from dark to bright.

by_brightness = np.argsort(found.palette @ [0.299, 0.587, 0.114])
figure, axis = plt.subplots(figsize=(7.5, 0.8), layout="constrained")
axis.imshow(found.palette[by_brightness][None])
axis.set_axis_off()
