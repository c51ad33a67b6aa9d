import numpy as np
import pytest

from centnn import psnr
from centnn.image import make_palette


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_by_hand():
    # Three reds and a blue; two colours: the mean of the reds, weighted, and the blue.
    img = np.array([[[200, 0, 0], [200, 0, 0], [203, 0, 0], [0, 0, 90]]], np.uint8)
    found = make_palette(img, 2)
    assert sorted(found.palette.tolist()) == [[0, 0, 90], [201, 0, 0]]
    assert found.pixels().tolist() == [[[201, 0, 0]] * 3 + [[0, 0, 90]]]


def test_all_colours_if_there_are_few():
    img = noise((16, 16, 3))
    found = make_palette(img, 256)
    assert np.array_equal(found.pixels(), img)
    assert len(make_palette(np.zeros((4, 4, 3), np.uint8)).palette) == 1


@pytest.mark.parametrize("n_colours", [1, 2, 17, 256])
def test_exactly_the_colours_asked_for(n_colours):
    found = make_palette(noise((40, 40, 3)), n_colours)
    assert found.palette.shape == (n_colours, 3)
    assert found.indices.shape == (40, 40)
    assert len(np.unique(found.indices)) == n_colours


@pytest.mark.parametrize("channels", [3, 4])
def test_each_pixel_has_the_nearest_colour(channels):
    img = noise((30, 30, channels))
    if channels == 4:
        img[..., 3] = 255
    found = make_palette(img, 20)
    distances = ((img[:, :, None].astype(int) - found.palette) ** 2).sum(axis=3)
    chosen = np.take_along_axis(distances, found.indices[..., None].astype(int), axis=2)
    assert (chosen[..., 0] == distances.min(axis=2)).all()


@pytest.mark.parametrize("n_colours", [2, 3, 30, 256])
def test_colours_that_are_kept(n_colours):
    img = noise((20, 30, 3))
    keep = [(255, 0, 255), (1, 2, 3)]
    found = make_palette(img, n_colours, keep=keep)
    assert {tuple(colour) for colour in found.palette[:2].tolist()} == set(keep)
    assert len(found.palette) == n_colours
    few = make_palette(img[:1, :2], n_colours=4, keep=keep)
    assert np.array_equal(few.pixels(), img[:1, :2])
    assert len(few.palette) == 4


def test_what_is_transparent_has_one_colour():
    img = noise((20, 20, 4))
    img[:, :10, 3] = 0
    img[:, 10:, 3] = 255
    found = make_palette(img, 16)
    assert (found.pixels()[:, :10] == 0).all()
    assert (found.pixels()[:, 10:, 3] == 255).all()


@pytest.mark.parametrize("n_colours", [2, 3, 10])
def test_several_transparent_colours_are_kept(n_colours):
    """They look alike, which training on them took amiss."""
    img = noise((20, 20, 4))
    img[0, 0] = 0
    keep = [(5, 5, 5, 0), (0, 0, 0, 0)]
    found = make_palette(img, n_colours, keep=keep)
    assert len(found.palette) == n_colours
    assert {tuple(colour) for colour in found.palette.tolist()} >= set(keep)
    few = img[:1, :3]  # three colours, of which one is transparent: it is kept already
    found = make_palette(few, 3, keep=[(5, 5, 5, 0)])
    assert len(found.palette) == 3
    assert np.array_equal(found.pixels()[0, 1:], few[0, 1:])


def test_dither_keeps_the_mean():
    img = np.full((32, 32, 3), 100, np.uint8)
    img[0, 0] = 0
    img[0, 1] = 255
    plain = make_palette(img, 2, keep=[(0, 0, 0), (255, 255, 255)])
    dithered = make_palette(img, 2, keep=[(0, 0, 0), (255, 255, 255)], dither=True)
    assert abs(float(dithered.pixels().mean()) - 100) < 3
    assert float(plain.pixels().mean()) < 3


def test_more_colours_are_better():
    img = noise((50, 50, 3))
    qualities = [psnr(img, make_palette(img, k).pixels()) for k in (4, 16, 64)]
    assert qualities == sorted(qualities)


@pytest.mark.parametrize(
    ("img", "options", "message"),
    [
        (noise((4, 4)), {}, r"img must be .* shape \(H, W, 3\)"),
        (noise((4, 4, 3)).astype(float), {}, "img must be of dtype uint8"),
        (np.zeros((0, 4, 3), np.uint8), {}, "img must have no empty axis"),
        (noise((4, 4, 3)), {"n_colours": 257}, "n_colours must be an integer from 1 to 256"),
        (noise((4, 4, 3)), {"dither": "yes"}, "dither must be True or False, got 'yes'"),
        (noise((4, 4, 3)), {"keep": [(1, 2)]}, "keep must be colours of 3 channels"),
        (noise((4, 4, 3)), {"keep": [(1, 2, 256)]}, "keep must be colours of 3 channels"),
        (
            noise((4, 4, 3)),
            {"keep": [(1, 2, 3), (4, 5, 6)], "n_colours": 1},
            "keep must have at most n_colours = 1 colours, got 2",
        ),
    ],
)
def test_bad_input(img, options, message):
    with pytest.raises(ValueError, match=message):
        make_palette(img, **options)
