"""Images: cutting them into blocks, .cvq files, and palettes."""

from centnn.image.blocks import from_blocks, to_blocks
from centnn.image.container import compress, decompress, train_codebook
from centnn.image.palette import make_palette
from centnn.image.photo import compress_photo
from centnn.image.photo_targets import compress_photo_to
from centnn.image.targets import compress_to

__all__ = [
    "compress",
    "compress_photo",
    "compress_photo_to",
    "compress_to",
    "decompress",
    "from_blocks",
    "make_palette",
    "to_blocks",
    "train_codebook",
]
