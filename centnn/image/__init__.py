"""Images: cutting them into blocks, and .cvq files."""

from centnn.image.blocks import from_blocks, to_blocks
from centnn.image.container import compress, decompress, train_codebook

__all__ = ["compress", "decompress", "from_blocks", "to_blocks", "train_codebook"]
