"""
Quality over size: photo mode, JPEG and WebP
============================================

How good a photograph looks for so many bits a pixel, in photo mode and in two formats that
everybody has. Further up and further left is better. ``centnn rd PICTURE`` draws this for a picture
of yours.
"""

import io

import matplotlib.pyplot as plt
from PIL import Image
from skimage.data import chelsea

import centnn
from centnn.image import compress_photo, decompress

img = chelsea()
n_pixels = img.shape[0] * img.shape[1]

# %%
# Photo mode at several qualities. Its codebooks come with the library; they were not trained on
# this picture.


def photo(quality):
    """Return bits a pixel and PSNR."""
    data = compress_photo(img, quality)
    return 8 * len(data) / n_pixels, centnn.psnr(img, decompress(data))


def pillow(name, quality, **options):
    """Return bits a pixel and PSNR of one of Pillow's formats."""
    file = io.BytesIO()
    Image.fromarray(img).save(file, name, quality=quality, **options)
    back = Image.open(file).convert("RGB")
    return 8 * file.tell() / n_pixels, centnn.psnr(img, back)


curves = {
    "photo mode": [photo(quality) for quality in range(10, 81, 10)],
    "WebP": [pillow("WEBP", quality, method=6) for quality in (1, 10, 30, 50, 70, 80, 90, 95)],
    "JPEG": [pillow("JPEG", q, optimize=True) for q in (5, 10, 20, 35, 50, 65, 80, 90)],
}

# %%
# One curve each.

figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for (name, points), colour in zip(curves.items(), ("C3", "C0", "0.4"), strict=True):
    axis.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
axis.set(xlabel="bits a pixel", ylabel="PSNR (dB)", xscale="log")
axis.set_xticks([0.1, 0.2, 0.5, 1, 2], labels=["0.1", "0.2", "0.5", "1", "2"])
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend()

# %%
# What it looks like at about 0.2 bits a pixel.

crop = (slice(30, 190), slice(110, 330))


def near(name, qualities, **options):
    """Return the picture of one of Pillow's formats whose size is nearest to 0.2 bits a pixel."""
    best = min(qualities, key=lambda q: abs(pillow(name, q, **options)[0] - 0.2))
    file = io.BytesIO()
    Image.fromarray(img).save(file, name, quality=best, **options)
    return Image.open(file).convert("RGB"), 8 * file.tell() / n_pixels


ours = centnn.image.compress_photo_to(img, bpp=0.2)
figure, panels = plt.subplots(1, 3, figsize=(7.5, 2.2), layout="constrained")
pictures = {
    "photo mode": (decompress(ours.data), ours.bpp),
    "WebP": near("WEBP", range(1, 40, 3), method=6),
    "JPEG": near("JPEG", range(2, 40, 2), optimize=True),
}
for panel, (name, (picture, bpp)) in zip(panels, pictures.items(), strict=True):
    panel.imshow(picture)
    panel.set_title(f"{name}, {bpp:.2f} bits a pixel", fontsize=9)
    panel.set(xlim=(crop[1].start, crop[1].stop), ylim=(crop[0].stop, crop[0].start))
    panel.set_axis_off()
