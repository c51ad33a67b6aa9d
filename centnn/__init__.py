"""Codebooks by the Centroid Neural Network, and vector quantization with them."""

from typing import TYPE_CHECKING, Any

from centnn import image
from centnn._config import __version__, get_include, show_config
from centnn.codebook import Codebook, fit_codebook
from centnn.metrics import mse, psnr
from centnn.quantizer import dequantize, quantize

if TYPE_CHECKING:
    from centnn.estimator import CentNN
    from centnn.product_quantizer import ProductQuantizer

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


def __getattr__(name: str) -> Any:
    # Estimators derive from scikit-learn's classes, if there, and these take a second to load.
    if name == "CentNN":
        from centnn.estimator import CentNN

        return CentNN
    if name == "ProductQuantizer":
        from centnn.product_quantizer import ProductQuantizer

        return ProductQuantizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(globals() | dict.fromkeys(__all__))
