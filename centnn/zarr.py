"""The codec `centnn.numcodecs.VQ` for Zarr's format 3, in which it takes the place of a serializer.

Importing this module needs Zarr 3. Arrays of format 2 take `centnn.numcodecs.VQ` as compressor.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.abc.codec import ArrayBytesCodec

from centnn.numcodecs import VQ, check_dtype

__all__ = ["VQCodec"]

# As other codecs of numcodecs are called in Zarr's format 3.
NAME = "numcodecs.centnn_vq"

if TYPE_CHECKING:
    Base = object
else:
    Base = ArrayBytesCodec


@dataclass(frozen=True)
class VQCodec(Base):
    """Vector quantization of the chunks of a Zarr array: see `centnn.numcodecs.VQ`.

    Parameters
    ----------
    **options : dict
        Those of `VQ`.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> from centnn.zarr import VQCodec
    >>> vectors = np.random.default_rng(0).normal(size=(10_000, 8)).astype("float32")
    >>> array = zarr.create_array(
    ...     {}, data=vectors, serializer=VQCodec(n_codewords=64), compressors=None
    ... )
    >>> array.nbytes_stored() < vectors.nbytes / 10
    True
    """

    codec: VQ
    is_fixed_size = False

    def __init__(self, **options: Any) -> None:
        object.__setattr__(self, "codec", VQ(**options))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VQCodec:
        """Return the codec that an array's metadata describe."""
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        """Return what is to stand in an array's metadata."""
        config = self.codec.get_config()
        del config["id"]
        return {"name": NAME, "configuration": config}

    def validate(self, *, shape: Any, dtype: Any, chunk_grid: Any) -> None:
        """Raise ValueError for an array of other than real numbers."""
        check_dtype(dtype.to_native_dtype())

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        """Raise NotImplementedError: the size depends on the chunk."""
        raise NotImplementedError

    async def _encode_single(self, chunk: Any, chunk_spec: Any) -> Any:
        array = np.ascontiguousarray(chunk.as_numpy_array())
        data = await asyncio.to_thread(self.codec.encode, array)
        return chunk_spec.prototype.buffer.from_bytes(data)

    async def _decode_single(self, chunk_bytes: Any, chunk_spec: Any) -> Any:
        array = await asyncio.to_thread(self.codec.decode, chunk_bytes.to_bytes())
        if array.shape != tuple(chunk_spec.shape):
            raise ValueError(
                f"chunk must have shape {tuple(chunk_spec.shape)} as its array says, "
                f"got {array.shape}"
            )
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)
