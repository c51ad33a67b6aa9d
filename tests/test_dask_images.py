"""Codebooks of images that workers read: `centnn.image.dask`, and the command line on a cluster."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import files, run, told_last

import centnn

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

from centnn.cli import cluster  # noqa: E402
from centnn.image import dask as chunked  # noqa: E402

pytestmark = pytest.mark.usefixtures("own_folder")


def photograph(name, seed, shape=(64, 96, 3), dtype=np.uint8):
    """Write a smooth picture; return its pixels as OpenCV has them."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random(shape), (0, 0), 3)
    scaled = (noise - noise.min()) / np.ptp(noise) * np.iinfo(dtype).max
    cv2.imwrite(name, scaled.astype(dtype))
    return scaled.astype(dtype)


def delayed(images):
    return [dask.delayed(image) for image in images]


def error(images, book):
    restored = (
        centnn.image.decompress(centnn.image.compress(image, codebook=book), codebook=book)
        for image in images
    )
    return sum(
        ((image - found.astype(float)) ** 2).sum()
        for image, found in zip(images, restored, strict=True)
    )


@pytest.mark.parametrize(
    ("shape", "dtype", "options"),
    [
        ((64, 96), np.uint8, {}),
        ((61, 90, 3), np.uint8, {}),
        ((61, 90, 3), np.uint8, {"colour": "ycbcr420"}),
        ((64, 96, 3), np.uint8, {"colour": "rgb", "block": 2}),
        ((64, 96), np.uint16, {"block": (2, 4)}),
    ],
)
def test_as_good_as_with_all_images_in_memory(shape, dtype, options):
    images = [photograph(f"{i}.png", i, shape, dtype) for i in range(5)]
    book = chunked.train_codebook(delayed(images), 48, **options)
    whole = centnn.image.train_codebook(images, 48, **options)
    assert error(images, book) < 1.03 * error(images, whole)
    assert len(book) < 1.1 * len(whole)


def test_fewer_colours_than_codewords():
    images = [np.full((8, 8, 3), grey, np.uint8) for grey in (10, 20, 30, 40)]
    book = chunked.train_codebook(delayed(images), 4)
    assert error(images, book) == 0
    with pytest.raises(ValueError, match=r"at most the number of distinct samples, got .*=5"):
        chunked.train_codebook(delayed(images), 5)
    assert error(images, chunked.train_codebook(delayed(images))) == 0


def test_images_must_be_alike():
    grey, colour = np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.uint8)
    message = r"image 1 cannot be read: .* after \('uint8', 1\)"
    with pytest.raises(RuntimeError, match=message):
        chunked.train_codebook(delayed([grey, colour]), 1)
    with pytest.raises(ValueError, match="images must be at least one, got none"):
        chunked.train_codebook([], 1)


def test_the_command_line(capsys, monkeypatch):
    names = [f"{i}.png" for i in range(4)]
    images = [photograph(name, i) for i, name in enumerate(names)]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(cluster, "REFRESH_SECONDS", 0.05)
    assert run("train", "--dask", "local", *names, "-o", "book", "-k", 32, "--json") == 0
    out, err = capsys.readouterr()
    assert '"pictures": 4' in out
    assert "tasks" in err and "summarize" in err
    read = [image[..., ::-1] for image in images]
    assert Path("book").read_bytes() == chunked.train_codebook(delayed(read), 32)
    assert run("compress", "0.png", "out.cvq", "--codebook", "book", "--json") == 0
    assert told_last(capsys)["psnr"] > 20


def test_a_scheduler_elsewhere(capsys):
    photograph("in.png", 0)
    Path("bad.png").write_bytes(b"no picture")
    with distributed.LocalCluster(
        n_workers=1, processes=False, threads_per_worker=2, dashboard_address=":0", protocol="tcp"
    ) as local:
        address = local.scheduler_address
        assert run("train", "--dask", address, "in.png", "-o", "book", "-k", 4, "-q") == 0
        capsys.readouterr()
        assert run("train", "--dask", address, "in.png", "bad.png", "-o", "other") == 1
        assert capsys.readouterr().err.startswith(
            "centnn: image 1 cannot be read: ValueError: "
            f"{Path.cwd() / 'bad.png'}: it must be a picture that OpenCV can read"
        )
    assert files() == ["bad.png", "book", "in.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--dask", "nowhere"], 2, "--dask must be local or the address of a scheduler"),
        (["--dask", "tcp://127.0.0.1:1"], 1, "--dask tcp://127.0.0.1:1: no scheduler of dask"),
        (["--dask", "local", "--rate-weight", "auto"], 2, "give either --dask or --rate-weight"),
    ],
)
def test_bad_input(arguments, code, message, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    photograph("in.png", 0)
    assert run("train", *arguments, "in.png", "-o", "book", "-q") == code
    assert capsys.readouterr().err.startswith(f"centnn: {message}")
    assert files() == ["in.png"]


def test_a_scheduler_without_workers(monkeypatch, capsys):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    photograph("in.png", 0)
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", protocol="tcp"
    ) as local:
        assert run("train", "--dask", local.scheduler_address, "in.png", "-o", "book") == 1
    assert "the scheduler has no workers; `dask worker " in capsys.readouterr().err


def test_without_dask(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    photograph("in.png", 0)
    assert run("train", "--dask", "local", "in.png", "-o", "book") == 1
    assert capsys.readouterr().err == (
        "centnn: --dask needs dask, which is missing: pip install 'centnn[dask]'\n"
    )
