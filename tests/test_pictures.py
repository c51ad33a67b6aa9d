"""Pictures in and out."""

import io
import itertools
import os
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import picture, run
from PIL import Image, ImageOps

from centnn.cli import metadata, pictures

pytestmark = pytest.mark.usefixtures("own_folder")


def test_standard_error_comes_back_after_threads_that_overlap(monkeypatch):
    """The second one in kept, and in the end put back, what the first had put there."""
    picture("in.png", (8, 8, 3))
    second_is_in, first_is_out = threading.Event(), threading.Event()
    second = threading.Thread(target=pictures.read_picture, args=[Path("in.png")])
    real = cv2.imdecode

    def imdecode(*arguments):
        if threading.current_thread() is second:
            second_is_in.set()
            first_is_out.wait(60)
        elif not second_is_in.is_set():
            second.start()
            second_is_in.wait(60)
        return real(*arguments)

    monkeypatch.setattr(cv2, "imdecode", imdecode)
    before = os.fstat(2)
    pictures.read_picture(Path("in.png"))
    first_is_out.set()
    second.join()
    assert os.path.samestat(os.fstat(2), before)


def several(file_format, n):
    frames = [Image.fromarray(np.full((8, 8, 3), 50 * i, np.uint8)) for i in range(n)]
    frames[0].save("several", file_format, save_all=True, append_images=frames[1:])
    return "several"


COMMANDS = {
    "compress": lambda name: ["compress", name, "out"],
    "palette": lambda name: ["palette", name, "out"],
    "train": lambda name: ["train", name, "-o", "out"],
    "rd": lambda name: ["rd", name],
    "compare": lambda name: ["compare", name, "-b", "4"],
}


@pytest.mark.parametrize(
    ("file_format", "n", "message"),
    [
        ("PNG", 1, ""),
        ("TIFF", 1, ""),
        ("PNG", 2, "1 more picture in this file left out"),
        ("WEBP", 3, "2 more pictures in this file left out"),
        ("TIFF", 4, "3 more pictures in this file left out"),
    ],
)
def test_pictures_that_are_left_out(file_format, n, message, capsys):
    name = several(file_format, n)
    for command in ("compress", "palette", "train"):
        assert run(*COMMANDS[command](name), "--json", "-f") == 0
        expected = f"centnn: note: several: {message}\n" if message else ""
        assert capsys.readouterr().err == expected
        assert run(*COMMANDS[command](name), "-f", "-q") == 0
        assert capsys.readouterr().err == ""


def test_frames_of_gif():  # which not all versions of OpenCV read
    assert metadata.n_pictures(Path(several("GIF", 3)).read_bytes()) == 3


@pytest.mark.parametrize("command", ["rd", "compare"])
def test_pictures_that_are_left_out_of_drawings(command, capsys):
    assert run(*COMMANDS[command](several("TIFF", 2))) == 0
    assert capsys.readouterr().err == (
        "centnn: note: several: 1 more picture in this file left out\n"
    )


def with_orientation(mode, file_format, orientation):
    """Write a picture to be shown turned; return its file."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, len(mode)), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    Image.fromarray(pixels).save("turned", file_format, exif=exif, **lossless)
    return Path("turned")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("mode", "file_format"),
    [("LA", "PNG"), ("LA", "TIFF"), *itertools.product(["RGB", "RGBA"], ["PNG", "WEBP", "TIFF"])],
)
def test_a_picture_is_turned_as_its_exif_tag_says(mode, file_format, orientation):
    file = with_orientation(mode, file_format, orientation)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file.read_bytes()))))
    assert np.array_equal(pictures.read_picture(file), shown)


def test_an_orientation_that_comes_after_the_pixels():
    file = with_orientation("RGBA", "PNG", 6)
    data = file.read_bytes()
    begin = data.index(b"eXIf") - 4
    end = data.index(b"IDAT") - 4
    file.write_bytes(data[:begin] + data[end:-12] + data[begin:end] + data[-12:])
    assert pictures.read_picture(file).shape == (5, 3, 4)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist(orientation):
    assert pictures.read_picture(with_orientation("RGBA", "PNG", orientation)).shape == (3, 5, 4)


def test_a_damaged_orientation():
    file = with_orientation("RGBA", "WEBP", 6)
    data = bytearray(file.read_bytes())
    begin = data.index(b"EXIF") + 8
    data[begin + 6 :] = bytes(range(len(data) - begin - 6))
    file.write_bytes(data)
    assert pictures.read_picture(file).shape == (3, 5, 4)
