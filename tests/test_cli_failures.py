"""What the command line makes of bad input and of outputs that cannot be written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import files, picture, run

from centnn import image
from centnn._files import write_atomically

try:
    import resource
except ImportError:  # Windows
    resource = None


MAIN = "import sys; from centnn.cli import main; sys.exit(main(sys.argv[1:]))"


pytestmark = pytest.mark.usefixtures("own_folder")


def damaged_png():
    picture("damaged.png", (20, 20))
    with open("damaged.png", "r+b") as file:
        file.seek(-40, os.SEEK_END)
        file.write(b"\xff" * 20)
    return "damaged.png"


def with_alpha():
    picture("alpha.png", (8, 8, 4))
    return "alpha.png"


def of_floats():
    cv2.imwrite("floats.tiff", np.zeros((8, 8), np.float32))
    return "floats.tiff"


def no_picture(content=b"no picture"):
    Path("text.png").write_bytes(content)
    return "text.png"


def plain():
    picture("plain.png", (8, 8))
    return "plain.png"


def damaged_book():
    book = image.train_codebook([np.zeros((8, 8), np.uint8)])
    Path("book").write_bytes(book[:-1] + bytes([book[-1] ^ 1]))
    return "book"


def cvq(length=None):
    data = image.compress(np.zeros((8, 8), np.uint8), 1)
    Path("some.cvq").write_bytes(data[:length])
    return "some.cvq"


BAD_INPUT = {
    "no input": (lambda: ["compress", "none.png", "out"], "none.png: No such file"),
    "input is a folder": (lambda: ["compress", ".", "out"], ".: Is a directory"),
    "empty": (lambda: ["compress", no_picture(b""), "out"], "text.png: it must be a picture"),
    "text": (lambda: ["compress", no_picture(), "out"], "text.png: it must be a picture"),
    "damaged": (lambda: ["compress", damaged_png(), "out"], "damaged.png: it must be a picture"),
    "floats": (
        lambda: ["compress", of_floats(), "out"],
        "floats.tiff: a picture must have 8 or 16",
    ),
    "damaged, of several": (
        lambda: ["compress", damaged_png(), plain(), "-o", "."],
        "damaged.png: it must be a picture",
    ),
    "K too large": (
        lambda: ["compress", plain(), "out", "-k", 5],
        "plain.png: -k must be at most the number of different blocks in img, 4, got 5",
    ),
    "no folder": (lambda: ["compress", plain(), "no/out", "-k", 1], "no/out: No such file"),
    "output is a folder": (lambda: ["compress", plain(), ".", "-k", 1], ".: Is a directory"),
    "no .cvq": (lambda: ["decompress", "none.cvq", "out.png"], "none.cvq: No such file"),
    "foreign": (lambda: ["decompress", plain(), "out.png"], "plain.png: data is not a .cvq file"),
    "truncated": (lambda: ["decompress", cvq(30), "out.png"], "some.cvq: data is truncated"),
    "no .png": (lambda: ["decompress", cvq(), "no/out.png"], "no/out.png: No such file"),
    "info: none": (lambda: ["info", "none.cvq"], "none.cvq: No such file"),
    "info: damaged codebook": (
        lambda: ["info", damaged_book()],
        "book: data is corrupted: its checksum says",
    ),
    "info: foreign": (lambda: ["info", plain()], "plain.png: data is not a .cvq file"),
    "info: truncated": (lambda: ["info", cvq(-1)], "some.cvq: data is truncated"),
    "palette: none": (lambda: ["palette", "none.png", "out"], "none.png: No such file"),
    "palette: text": (lambda: ["palette", no_picture(), "out"], "text.png: it must be a picture"),
    "palette: no folder": (lambda: ["palette", plain(), "no/out"], "no/out: No such file"),
    "palette: too many to keep": (
        lambda: ["palette", plain(), "out", "-k", 1, "--keep", "000000", "--keep", "ffffff"],
        "plain.png: keep must have at most n_colours = 1 colours, got 2",
    ),
    "palette: alpha to keep": (
        lambda: ["palette", plain(), "out", "--keep", "00000080"],
        "--keep: a picture without alpha cannot have the colour 00000080",
    ),
    "train: none": (lambda: ["train", plain(), "none.png", "-o", "out"], "none.png: No such file"),
    "train: text": (lambda: ["train", no_picture(), "-o", "out"], "text.png: it must be a picture"),
    "train: grey and colour": (
        lambda: ["train", plain(), with_alpha(), "-o", "out", "-k", 2],
        "images must be at least one, all grey or all in colour",
    ),
    "train: K too large": (
        lambda: ["train", plain(), "-o", "out", "-k", 5],
        "-k must be at most the number of different blocks in images, 4, got 5",
    ),
    "train: no folder": (lambda: ["train", plain(), "-o", "no/out", "-k", 2], "no/out: No such"),
    "no codebook": (
        lambda: ["compress", plain(), "out", "--codebook", "none.cvqb"],
        "none.cvqb: No such file",
    ),
    "a picture as codebook": (
        lambda: ["compress", plain(), "out", "--codebook", of_floats()],
        "floats.tiff: data is not a .cvq file",
    ),
    "an image as codebook": (
        lambda: ["compress", plain(), "out", "--codebook", cvq()],
        "some.cvq: data must be a shared codebook, got an image",
    ),
    "rd: none": (lambda: ["rd", "none.png", "--plot", "p.png"], "none.png: No such file"),
    "rd: text": (lambda: ["rd", no_picture(), "--plot", "p.png"], "text.png: it must be a"),
    "rd: alpha": (lambda: ["rd", with_alpha(), "--plot", "p.png"], "alpha.png: img must be grey"),
    "compare: none": (lambda: ["compare", "none.png"], "none.png: No such file"),
    "compare: alpha": (lambda: ["compare", with_alpha()], "alpha.png: a picture to compare"),
    "compare: K": (lambda: ["compare", plain(), "-k", 5], "-k must be at most"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_leaves_nothing(case, capfd):
    arguments, message = BAD_INPUT[case]
    arguments = arguments()
    before = files()
    assert run(*arguments) == 1
    err = capfd.readouterr().err
    assert err.startswith(f"centnn: {message}")
    assert err.count("\n") == 1
    assert files() == before


@pytest.mark.parametrize("mode", [["-k", "2"], []])
def test_an_instruction_set_that_is_not_there(mode):
    command = [sys.executable, "-c", MAIN, "compress", plain(), "out", *mode]
    environment = os.environ | {"CENTNN_ISA": "foo"}
    done = subprocess.run(command, capture_output=True, env=environment, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("centnn: CENTNN_ISA must be one of ")
    assert done.stderr.endswith(" on this machine, got 'foo'\n")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(failing, monkeypatch, capsys):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    picture("in.png", (8, 8))
    write_atomically("out.cvq", b"old")
    monkeypatch.setattr(os, failing, fail)
    assert run("compress", "in.png", "out.cvq", "-k", 1, "-f") == 1
    assert capsys.readouterr().err == "centnn: out.cvq: No space left on device\n"
    assert Path("out.cvq").read_bytes() == b"old"
    assert files() == ["in.png", "out.cvq"]


@pytest.mark.parametrize(
    "command",
    [
        ["compress", "in.png", "out", "-k", "64"],
        ["decompress", "old.cvq", "out"],
        ["palette", "in.png", "out"],
        ["train", "in.png", "-o", "out", "-k", "64"],
        ["rd", "small.png", "--plot", "out.png", "-q"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.skipif(resource is None, reason="needs limits to the size of files")
def test_a_file_that_cannot_grow(command):
    img = picture("in.png", (64, 64, 3))
    picture("small.png", (16, 16))
    Path("old.cvq").write_bytes(image.compress(img, 64))
    before = files()
    script = (
        "import resource, signal; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    ) + MAIN
    done = subprocess.run([sys.executable, "-B", "-c", script, *command], capture_output=True)
    assert done.returncode == 1
    assert done.stderr.decode() == f"centnn: {'out.png' if command[0] == 'rd' else 'out'}: " + (
        os.strerror(errno.EFBIG) + "\n"
    )
    assert files() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_standard_output_that_is_full():
    picture("in.png", (64, 64))
    with open("/dev/full", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", MAIN, "compress", "in.png", "-", "-k", "64", "-q"],
            stdout=out,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert done.stderr.decode().startswith("centnn: ")
    assert "No space left on device" in done.stderr.decode()


def test_interrupted_while_writing(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically("out", b"new")
    assert files() == []


def test_links_are_followed_and_devices_survive():
    write_atomically("target", b"old")
    os.symlink("target", "link")
    write_atomically("link", b"new")
    assert os.path.islink("link")
    assert Path("target").read_bytes() == b"new"
    write_atomically(os.devnull, b"gone")
    assert not os.path.isfile(os.devnull)
