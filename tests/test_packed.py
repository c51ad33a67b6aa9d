"""Codes of a few bits each, packed and unpacked in portions."""

import numpy as np
import pytest
from reference_cvq import packed

from centnn import _packed


def test_by_hand():
    codes = np.array([0, 1, 2, 0, 1, 2])
    assert _packed.pack_codes(codes, 2) == bytes.fromhex("1860")  # 00011000 0110(0000)


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 28, 32])
def test_codes_of_any_width_over_several_portions(bits):
    n_codes = _packed.AT_A_TIME * 2 + 5
    codes = np.random.default_rng(bits).integers(0, 2**bits, n_codes).astype(np.uint32)
    data = packed(codes, bits)
    assert _packed.pack_codes(codes, bits) == data
    portions = list(_packed.unpack_codes(np.frombuffer(data, np.uint8), n_codes, bits))
    assert np.array_equal(np.concatenate(portions), codes)
