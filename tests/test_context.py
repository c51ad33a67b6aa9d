import numpy as np
import pytest

from centnn.image import _context, context
from centnn.image.context import ContextModel


def random_model(n_codewords, n_channels, step_bits, depth=8):
    rng = np.random.default_rng(n_codewords)
    dtype = np.uint8 if depth == 8 else np.uint16
    codebook = rng.integers(0, 1 << depth, (n_codewords, 2, 3, n_channels), dtype)
    priors = rng.integers(0, context.MAX_PRIOR + 1, n_codewords, np.uint8)
    shape = (_context.N_ACTIVITIES, _context.N_BINS)
    gains = rng.integers(0, context.MAX_GAIN + 1, shape, np.uint8)
    return _context.Borders(codebook, depth), ContextModel(step_bits, priors, gains)


# Tables of one level, of two and of three, just below a change of levels and just above.
@pytest.mark.parametrize("n_codewords", [1, 2, 15, 16, 17, 255, 256, 257, 4096, 4097])
def test_any_number_of_codewords(n_codewords):
    borders, model = random_model(n_codewords, 1, 5)
    codes = np.random.default_rng(0).integers(0, n_codewords, (13, 17)).astype(np.uint16)
    codes[0, :2] = 0, n_codewords - 1
    streams = model.encode(borders, codes, 4)
    assert np.array_equal(model.decode(borders, streams, codes.shape), codes)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (17, 5)])
@pytest.mark.parametrize("n_streams", [1, 2, 3, 8])
def test_any_shape(shape, n_streams):
    borders, model = random_model(40, 3, 6, depth=16)
    codes = np.random.default_rng(0).integers(0, 40, shape).astype(np.uint16)
    streams = model.encode(borders, codes, n_streams)
    assert np.array_equal(model.decode(borders, streams, shape), codes)


def test_states_by_hand():
    # Flat codewords of two grey levels: two classes of neighbours, no activity.
    codebook = np.array([10, 200], np.uint8).repeat(4).reshape(2, 2, 2, 1)
    borders = _context.Borders(codebook, 8)
    assert _context.n_states(borders, 4) == 4 * 2**2
    assert _context.n_states(borders, 8) == 4
    gains = np.zeros((_context.N_ACTIVITIES, _context.N_BINS), np.uint8)
    model = _context.Model(borders, 4, np.zeros(2, np.uint8), gains)
    states = model.states(np.array([[0, 1, 1], [0, 1, 0]], np.uint16))
    # The middle codeword (1) beside and above the first; then left and above, either for both
    # where there is but one.
    dark, bright = 0, 1
    assert states.tolist() == [
        [4 * (2 * bright + bright), 4 * (2 * dark + dark), 4 * (2 * bright + bright)],
        [4 * (2 * dark + dark), 4 * (2 * dark + bright), 4 * (2 * bright + bright)],
    ]
    # From the middle of its step, 8, the dark one is 2 levels away, (2 * 16)**2 >> 6 = 16 in
    # units of a bin; 18 has five bits, and the second highest is not set.
    assert model.bins(np.array([0], np.int32))[:, 0, 0].tolist() == [6, 6]


def test_fit_prefers_what_is_likely():
    # Patches of either codeword: a block is as its neighbours are, but at the edges.
    codebook = np.array([10, 200], np.uint8).repeat(4).reshape(2, 2, 2, 1)
    borders = _context.Borders(codebook, 8)
    patches = np.random.default_rng(0).integers(0, 2, (10, 10))
    codes = patches.repeat(12, axis=0).repeat(12, axis=1).astype(np.uint16)
    model = context.fit(borders, [codes], 2)
    assert sum(map(len, model.encode(borders, codes, 1))) < codes.size / 8 / 3


def test_too_many_states_are_refused():
    borders, _ = random_model(5000, 3, 2)
    context.check_size(borders, 5000, 8)
    with pytest.raises(ValueError, match="states are too many for 5000 codewords"):
        context.check_size(borders, 5000, 2)
