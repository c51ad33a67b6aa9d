"""What an encoder decides: how coarsely codewords are written, which codes blocks get."""

import numpy as np
import pytest

from centnn.image import (
    _context,
    coarsening,
    codewords,
    compress,
    context,
    decompress,
    train_codebook,
)
from centnn.image.integers import Writer


def picture(shape=(96, 128), seed=0):
    """Return a picture of waves with some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = 128 + 60 * np.sin(x / 9) + 50 * np.cos(y / 13 + x / 31)
    return (waves + rng.normal(0, 6, shape)).clip(0, 255).astype(np.uint8)


def error_and_bits(coarse, centers, counts):
    moves = coarse.codewords - centers[coarse.order]
    writer = Writer()
    codewords.write(writer, coarse.levels, coarse.step)
    error = (counts[coarse.order] * (moves**2).sum(axis=(1, 2, 3))).sum()
    return error, 8 * len(writer.to_bytes())


def test_coefficients_of_few_blocks_are_rounded_towards_0():
    # Two codewords with the same coefficients of 1.6 steps but for the first.
    exact = np.full((2, 2, 2, 1), 1.6)
    exact[:, 0, 0, 0] = 3.4
    levels = coarsening._short_levels(exact, np.array([1.0, 1e-9]))
    assert levels[:, 0, 0, 0].tolist() == [3, 3]
    assert levels[1].ravel().tolist() == [3, 2, 2, 2]
    assert levels[0].ravel().tolist() == [3, 1, 1, 1]


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_dearer_a_bit_the_shorter_the_codewords(depth, channels):
    rng = np.random.default_rng(0)
    scale = 1 << (depth - 8)
    centers = scale * rng.uniform(60, 190, (40, 4, 4, channels))
    counts = rng.integers(1, 100, 40).astype(float)
    worths = [scale**2 * worth for worth in (1, 30, 1000, 30_000)]
    found = [
        error_and_bits(coarsening.coarsest_worth(centers, counts, worth, depth), centers, counts)
        for worth in worths
    ]
    errors, bits = np.array(found).T
    assert (np.diff(bits) < 0).all()
    assert (np.diff(errors) > 0).all()
    # None of the others would be better at its own price.
    for worth, own in zip(worths, found, strict=True):
        assert own[0] + worth * own[1] <= (errors + worth * bits).min() * 1.02


def test_hardly_any_error_is_added_where_bits_have_no_price():
    rng = np.random.default_rng(0)
    centers = rng.uniform(0, 255, (40, 4, 4, 1))
    counts = np.full(40, 10.0)
    coarse = coarsening.coarsest_free(centers, counts, 1e6, 8)
    assert error_and_bits(coarse, centers, counts)[0] <= coarsening.TOLERANCE * 1e6
    assert coarsening.coarsest_free(centers, counts, 0.0, 8).step == 1


def bits_of(model, borders, codes):
    _, sizes = model._model(borders).intervals(codes)
    return (20 - np.log2(sizes.astype(float))).sum()


def test_choosing_again_lowers_the_cost_of_all_codes_together():
    rng = np.random.default_rng(0)
    book = np.sort(rng.integers(0, 256, (30, 2, 2, 1), np.uint8), axis=0)
    borders = _context.Borders(book, 8)
    codes = rng.integers(0, 30, (12, 9)).astype(np.uint16)
    model = context.fit(borders, [codes], 30)
    candidates = np.tile(np.arange(30, dtype=np.uint16), (12, 9, 1))
    distances = rng.uniform(0, 50, (12, 9, 30)).astype(np.float32)

    def cost(codes):
        far = np.take_along_axis(distances, codes[..., None].astype(int), axis=2).sum()
        return far + 3 * bits_of(model, borders, codes)

    costs = [cost(codes)]
    for _ in range(4):
        codes = model.choose(borders, candidates, distances, 3.0, codes)
        costs.append(cost(codes))
    assert (np.diff(costs) <= 1e-3).all()
    assert costs[1] < 0.9 * costs[0]
    # Where no code changes any more, none of a single block could be better.
    for place in [(0, 0), (5, 4), (11, 8)]:
        for code in range(30):
            other = codes.copy()
            other[place] = code
            assert cost(other) >= costs[-1] * (1 - 1e-3)


@pytest.mark.parametrize("block", [2, 4, (3, 5)])
def test_a_rate_weight_saves_bytes_at_equal_error(block):
    img = picture()
    sizes, errors = {}, {}
    for k in (16, 64):
        for weight in (0, "auto"):
            data = compress(img, k, block, rate_weight=weight)
            sizes[k, weight] = len(data)
            errors[k, weight] = float(((decompress(data) - img.astype(float)) ** 2).mean())
    assert sizes[64, "auto"] < sizes[64, 0]
    assert errors[64, "auto"] < errors[16, 0]


def test_the_derived_weight_counts_with_a_shared_codebook_too():
    img = picture()
    book = train_codebook([img, picture(seed=1)], 32)
    plain, short = (compress(img, codebook=book, rate_weight=w) for w in (0, "auto"))
    assert len(short) < 0.97 * len(plain)
    assert decompress(short, codebook=book).shape == img.shape
