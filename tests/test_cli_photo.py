"""Photo mode on the command line."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import run, told
from PIL import Image
from skimage.data import astronaut

from centnn import image
from centnn.cli import pictures

PICTURE = astronaut()[:240, 130:400]


pytestmark = pytest.mark.usefixtures("own_folder")


def save(img, name="in.png"):
    Path(name).write_bytes(pictures.encode_png(img))
    return name


def test_there_and_back(capsys):
    save(PICTURE)
    assert run("compress", "in.png", "out.cvq") == 0
    data = Path("out.cvq").read_bytes()
    restored = image.decompress(data)
    psnr = cv2.PSNR(PICTURE, restored)
    assert capsys.readouterr().out == (
        f"file out.cvq, bytes {len(data):,}, bpp {8 * len(data) / (240 * 270):.3f}".rstrip("0")
        + f", psnr {psnr:.3f}".rstrip("0")
        + ", quality 60\n"
    )
    assert run("decompress", "out.cvq", "out.png") == 0
    assert np.array_equal(np.asarray(Image.open("out.png")), restored)


OPTIONS = {
    "quality": (["--quality", 33.5], {"quality": 33.5}),
    "colour": (["--colour", "ycbcr"], {"colour": "ycbcr"}),
    "halved colour": (["--colour", "ycbcr420"], {}),
    "effort": (["--effort", "best"], {"effort": "best"}),
    "no filter": (["--no-filter"], {"filtered": False}),
    "all": (
        ["--quality", 9, "--colour", "ycbcr", "--effort", "fast", "--no-filter"],
        {"quality": 9, "colour": "ycbcr", "effort": "fast", "filtered": False},
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(case):
    given, options = OPTIONS[case]
    save(PICTURE)
    assert run("compress", "in.png", "out.cvq", *given) == 0
    assert Path("out.cvq").read_bytes() == image.compress_photo(PICTURE, **options)


@pytest.mark.parametrize(
    "given", [["-k", 3], ["-b", 2], ["--rate-weight", 0], ["--colour", "rgb"]], ids=str
)
def test_options_that_ask_for_a_codebook(given, capsys):
    img = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    save(img)
    assert run("compress", "in.png", "out.cvq", *given, "--effort", "fast") == 0
    assert "note" not in capsys.readouterr().out
    assert run("info", "out.cvq", "--json") == 0
    assert told(capsys)[0]["mode"] == "vq"


def test_info(capsys):
    save(np.dstack([PICTURE, PICTURE[:, :, 0]]))
    assert run("compress", "in.png", "out.cvq", "--quality", 80) == 0
    capsys.readouterr()
    size = os.path.getsize("out.cvq")
    assert run("info", "out.cvq") == 0
    assert capsys.readouterr().out.splitlines() == [
        "file       out.cvq",
        "version    2",
        "mode       photo",
        "width      270",
        "height     240",
        "colour     ycbcr420",
        "alpha      yes",
        "depth      8",
        "quality    80",
        "step       2.29688",
        "filtered   yes",
        "layers     23",
        "scans      1 + 4 + 6 + 12",
        f"bytes      {size}",
        f"bpp        {8 * size / (240 * 270):.3f} bits a pixel",
    ]
    assert run("info", "out.cvq", "--json") == 0
    facts = told(capsys)[0]
    assert (facts["mode"], facts["scans"], facts["filtered"]) == ("photo", [1, 4, 6, 12], True)
    assert "block" not in facts
    assert "codewords" not in facts


@pytest.mark.parametrize(
    "given", [["--psnr", 34], ["--bpp", 1.0], ["--bpp", 0.7, "--colour", "ycbcr", "--no-filter"]]
)
def test_targets(given, capsys):
    save(PICTURE)
    assert run("compress", "in.png", "out.cvq", *given, "--json") == 0
    facts = told(capsys)[0]
    if given[0] == "--psnr":
        assert 34 <= facts["psnr"] < 34.1
    else:
        assert 0.97 * given[1] < facts["bpp"] <= given[1]
    assert "missed" not in facts
    # What is told gives the same file.
    same = ["--quality", facts["quality"], "--colour", facts["colour"], *given[4:]]
    assert run("compress", "in.png", "two.cvq", *same) == 0
    assert Path("two.cvq").read_bytes() == Path("out.cvq").read_bytes()


def test_targets_out_of_reach(capsys):
    save(PICTURE)
    for target, missed in ((("--psnr", 90), "90.0 dB"), (("--bpp", 0.001), "0.001 bits a pixel")):
        assert run("compress", "in.png", "out.cvq", *target, "--json", "-f") == 0
        assert told(capsys)[0]["missed"] == f"{missed}: this is as near as it gets"


@pytest.mark.parametrize("given", [[], ["--colour", "ycbcr420"], ["--bpp", 3]])
def test_pictures_of_16_bits_get_a_codebook(given, capsys):
    noise = np.random.default_rng(0).random((128, 128, 3))
    save((65535 * cv2.GaussianBlur(noise, (0, 0), 2)).astype(np.uint16))
    assert run("compress", "in.png", "out.cvq", "--effort", "fast", *given) == 0
    assert "note 16 bits a channel: not for photo mode" in capsys.readouterr().out
    assert run("info", "out.cvq", "--json") == 0
    facts = told(capsys)[0]
    assert (facts["mode"], facts["depth"]) == ("vq", 16)


def test_a_file_that_was_cut_off(capsys):
    save(PICTURE)
    assert run("compress", "in.png", "out.cvq", "--quality", 80) == 0
    data = Path("out.cvq").read_bytes()
    Path("cut.cvq").write_bytes(data[: len(data) // 2])
    capsys.readouterr()
    assert run("decompress", "cut.cvq", "cut.png") == 1
    assert capsys.readouterr().err == "centnn: cut.cvq: data is truncated\n"
    assert run("decompress", "cut.cvq", "cut.png", "--upto", 23) == 0
    coarse = np.asarray(Image.open("cut.png"))
    assert any(np.array_equal(coarse, image.decompress(data, upto=n)) for n in (1, 5, 11))
    assert run("decompress", "out.cvq", "one.png", "--upto", 1) == 0
    assert np.array_equal(np.asarray(Image.open("one.png")), image.decompress(data, upto=1))


def photo_file():
    Path("photo.cvq").write_bytes(image.compress_photo(PICTURE[:20, :30]))
    return "photo.cvq"


def vq_file():
    Path("vq.cvq").write_bytes(image.compress(PICTURE[:20, :20], 3))
    return "vq.cvq"


def plain():
    return save(PICTURE[:40, :40], "plain.png")


def deep():
    return save(np.zeros((8, 8), np.uint16), "deep.png")


BAD_INPUT = {
    "16 bits and quality": (
        lambda: ["compress", deep(), "out", "--quality", 50],
        "deep.png: --quality is of photo mode, for pictures of 8 bits, got 16",
    ),
    "upto in VQ mode": (
        lambda: ["decompress", vq_file(), "out.png", "--upto", 3],
        "vq.cvq: --upto must be left out for files not of photo mode, got 3",
    ),
    "too many pixels": (
        lambda: ["decompress", photo_file(), "out.png", "--max-pixels", 1000],
        "photo.cvq: data must hold at most 1000 pixels, got 1024 (an image of 30x20 in whole",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_leaves_nothing(case, capfd):
    arguments, message = BAD_INPUT[case]
    arguments = arguments()
    before = sorted(os.listdir())
    assert run(*arguments) == 1
    err = capfd.readouterr().err
    assert err.startswith(f"centnn: {message}")
    assert err.count("\n") == 1
    assert sorted(os.listdir()) == before
