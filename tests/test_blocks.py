import itertools

import numpy as np
import pytest

from centnn.image import from_blocks, to_blocks


def slow_blocks(img, height, width):
    """Blocks from the definition: a pixel beyond the edge is the nearest one within."""
    last_y, last_x = img.shape[0] - 1, img.shape[1] - 1
    return np.array(
        [
            [
                img[min(y, last_y), min(x, last_x)]
                for y in range(top, top + height)
                for x in range(left, left + width)
            ]
            for top in range(0, img.shape[0], height)
            for left in range(0, img.shape[1], width)
        ]
    ).reshape(-(-img.shape[0] // height) * -(-img.shape[1] // width), -1)


def test_by_hand():
    img = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]], np.uint8)
    blocks = to_blocks(img, 2)
    assert blocks.tolist() == [[0, 1, 3, 4], [2, 2, 5, 5], [6, 7, 6, 7], [8, 8, 8, 8]]
    assert from_blocks(blocks, (3, 3), 2).tolist() == img.tolist()


def test_block_is_height_then_width_and_channels_lie_side_by_side():
    img = np.arange(12).reshape(2, 2, 3)
    assert to_blocks(img, (1, 2)).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert to_blocks(img, (2, 1)).tolist() == [[0, 1, 2, 6, 7, 8], [3, 4, 5, 9, 10, 11]]


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_any_size_comes_back(channels):
    rng = np.random.default_rng(0)
    for height, width, block_height, block_width in itertools.product((1, 2, 5, 8), repeat=4):
        img = rng.integers(0, 256, (height, width, *channels), np.uint8)
        blocks = to_blocks(img, (block_height, block_width))
        assert np.array_equal(blocks, slow_blocks(img, block_height, block_width))
        restored = from_blocks(blocks, img.shape, (block_height, block_width))
        assert restored.dtype == img.dtype
        assert np.array_equal(restored, img)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, bool])
def test_the_dtype_is_kept(dtype):
    img = np.ones((3, 5), dtype)
    blocks = to_blocks(img, 2)
    assert blocks.dtype == dtype
    assert from_blocks(blocks, img.shape, 2).dtype == dtype


def test_read_only_and_strided_images():
    img = np.arange(70).reshape(7, 10)[::-2, 1::3]
    img.flags.writeable = False
    assert np.array_equal(to_blocks(img, 3), slow_blocks(img, 3, 3))


def test_the_blocks_are_a_copy():
    img = np.zeros((4, 4), np.uint8)
    to_blocks(img, 1)[:] = 1
    assert not img.any()


@pytest.mark.parametrize(
    "block", [0, -1, 1.5, "4", None, (), (4,), (0, 4), (4, -4), (4, 4, 4), (4, 1.5), (4, None)]
)
def test_unfit_block(block):
    with pytest.raises(ValueError, match=r"block must be .* got"):
        to_blocks(np.zeros((4, 4)), block)
    with pytest.raises(ValueError, match=r"block must be .* got"):
        from_blocks(np.zeros((1, 16)), (4, 4), block)


@pytest.mark.parametrize("shape", [(), (4,), (0, 4), (4, 0), (4, 4, 0), (4, 4, 3, 1)])
def test_unfit_shape(shape):
    with pytest.raises(ValueError, match=r"img must be .* got \("):
        to_blocks(np.zeros(shape), 4)
    with pytest.raises(ValueError, match=r"shape must be .* got \("):
        from_blocks(np.zeros((1, 16)), shape, 4)


@pytest.mark.parametrize("shape", [(16,), (2, 16), (1, 15), (1, 4, 4)])
def test_unfit_blocks(shape):
    with pytest.raises(ValueError, match=r"blocks must have shape \(1, 16\) .* got"):
        from_blocks(np.zeros(shape), (4, 4), 4)
