"""Codebooks by the Centroid Neural Network, and vector quantization with them."""

from centnn import image
from centnn._config import __version__, get_include, show_config
from centnn.codebook import Codebook, fit_codebook
from centnn.estimator import CentNN
from centnn.metrics import mse, psnr
from centnn.product_quantizer import ProductQuantizer
from centnn.quantizer import dequantize, quantize

__all__ = [
    "CentNN",
    "Codebook",
    "ProductQuantizer",
    "__version__",
    "dequantize",
    "fit_codebook",
    "get_include",
    "image",
    "mse",
    "psnr",
    "quantize",
    "show_config",
]
