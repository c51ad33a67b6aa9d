import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import centnn
from centnn import cli, image
from centnn._files import write_atomically


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def picture(name, shape, seed=0):
    """Write a picture of noise; return its pixels, red first."""
    img = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    Image.fromarray(img).save(name)
    return img


def damaged_png():
    picture("damaged.png", (20, 20))
    with open("damaged.png", "r+b") as file:
        file.seek(-40, os.SEEK_END)
        file.write(b"\xff" * 20)
    return "damaged.png"


def run(*args):
    return cli.main([str(arg) for arg in args])


def files():
    return sorted(os.listdir())


@pytest.mark.parametrize("shape", [(21, 34), (21, 34, 3)], ids=["grey", "colour"])
def test_compress_decompress_info(shape, capsys):
    img = picture("in.png", shape)
    assert run("compress", "in.png", "out.cvq", "-k", 7, "-b", "2x5") == 0
    data = Path("out.cvq").read_bytes()
    assert data == image.compress(img, 7, (2, 5))
    assert run("decompress", "out.cvq", "out.png") == 0
    assert np.array_equal(np.asarray(Image.open("out.png")), image.decompress(data))
    assert capsys.readouterr() == ("", "")

    assert run("info", "out.cvq") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "version    2",
        "image      34x21 pixels (width x height)",
        f"samples    {'ycbcr420' if len(shape) == 3 else 'grey'}, 8 bits",
        "block      2x5 pixels (height x width)",
        f"codewords  {'7 + 7' if len(shape) == 3 else 7}",
        f"size       {len(data)} bytes",
        f"rate       {8 * len(data) / (21 * 34):.3f} bits per pixel",
    ]
    assert files() == ["in.png", "out.cvq", "out.png"]


def test_defaults_of_compress():
    img = picture("in.png", (128, 128))
    assert run("compress", "in.png", "out.cvq") == 0
    assert Path("out.cvq").read_bytes() == image.compress(img, 512, 4)


def test_an_existing_file_is_replaced_and_keeps_no_other_mode():
    picture("in.png", (8, 8))
    Path("out.cvq").write_bytes(bytes(1000))
    mode = os.stat("out.cvq").st_mode
    assert run("compress", "in.png", "out.cvq", "-k", 2) == 0
    assert os.path.getsize("out.cvq") < 1000
    assert os.stat("out.cvq").st_mode == mode


def test_a_photograph_is_turned_as_its_exif_tag_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    Image.fromarray(np.zeros((8, 24, 3), np.uint8)).save("turned.jpg", exif=exif)
    assert run("compress", "turned.jpg", "out.cvq", "-k", 1) == 0
    assert image.decompress(Path("out.cvq").read_bytes()).shape == (24, 8, 3)


def test_compare_one_experiment(capsys):
    picture("in.png", (20, 30, 3))
    assert run("compare", "in.png", "-k", 6, "-b", "2", "--plot", "drawn.png") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "in.png at 30x20: 2x2 colour blocks, K = 6"
    assert lines[1].startswith("method")
    assert [line[:24].rstrip() for line in lines[2:6]] == [
        "CentNN",
        "K-Means, random",
        "k-means++",
        "k-means++, best of 10",
    ]
    assert lines[-1] == "drawn side by side in drawn.png"
    assert err == ""
    assert Path("drawn.png").read_bytes().startswith(b"\x89PNG")
    assert files() == ["drawn.png", "in.png"]


def test_compare_options_on_their_own(capsys):
    picture("in.png", (20, 30))
    assert run("compare", "in.png", "-k", 6) == 0
    assert "in.png at 30x20: 4x4 grey blocks, K = 6\n" in capsys.readouterr().out
    assert run("compare", "in.png", "-b", 1, "--resize", 64, "-k", 9) == 0
    assert "in.png at 64x64: grey levels, K = 9\n" in capsys.readouterr().out


def test_compare_needs_no_argument_and_no_network(capsys):
    assert run("compare", "--resize", 96) == 0
    out = capsys.readouterr().out
    assert "astronaut at 96x96: grey levels, K = 48\n" in out
    assert "astronaut at 96x96: 4x4 grey blocks, K = 512\n" in out
    assert files() == ["centnn-compare.png"]


def test_compare_reference_experiments(data_dir, capsys):
    assert run("compare", data_dir / "images/lena.png") == 0
    figures = [line.split() for line in capsys.readouterr().out.splitlines()]
    figures = [float(words[1]) for words in figures if words[:1] == ["CentNN"]]
    assert figures[0] == 47.53
    assert figures[1] == pytest.approx(36.58, abs=0.02)


@pytest.mark.parametrize("missing", ["sklearn.cluster", "matplotlib.figure", "skimage.data"])
def test_compare_without_its_extra(missing, monkeypatch, capsys):
    monkeypatch.delattr(centnn, "compare", raising=False)
    monkeypatch.delitem(sys.modules, "centnn.compare", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run("compare") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"centnn: compare needs {missing}, which is missing: pip install 'centnn[demo]'\n"
    assert files() == []


def with_alpha():
    picture("alpha.png", (8, 8, 4))
    return "alpha.png"


def with_16_bits():
    cv2.imwrite("deep.png", np.zeros((8, 8), np.uint16))
    return "deep.png"


def no_picture(content=b"no picture"):
    Path("text.png").write_bytes(content)
    return "text.png"


def plain():
    picture("plain.png", (8, 8))
    return "plain.png"


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
    "alpha": (lambda: ["compress", with_alpha(), "out"], "alpha.png: a picture must be grey or"),
    "16 bits": (
        lambda: ["compress", with_16_bits(), "out"],
        "deep.png: a picture must have 8 bits",
    ),
    "K = 0": (lambda: ["compress", plain(), "out", "-k", 0], "n_codewords must be an integer from"),
    "K too large": (lambda: ["compress", plain(), "out", "-k", 5], "n_codewords must be at most"),
    "no block": (lambda: ["compress", plain(), "out", "-b", 0], "block must be a positive integer"),
    "no folder": (lambda: ["compress", plain(), "no/out", "-k", 1], "no/out: No such file"),
    "output is a folder": (lambda: ["compress", plain(), ".", "-k", 1], ".: Is a directory"),
    "no .cvq": (lambda: ["decompress", "none.cvq", "out.png"], "none.cvq: No such file"),
    "foreign": (lambda: ["decompress", plain(), "out.png"], "plain.png: data is not a .cvq file"),
    "truncated": (lambda: ["decompress", cvq(30), "out.png"], "some.cvq: data is truncated"),
    "no .png": (lambda: ["decompress", cvq(), "no/out.png"], "no/out.png: No such file"),
    "info: none": (lambda: ["info", "none.cvq"], "none.cvq: No such file"),
    "info: foreign": (lambda: ["info", plain()], "plain.png: data is not a .cvq file"),
    "info: truncated": (lambda: ["info", cvq(-1)], "some.cvq: data is truncated"),
    "compare: none": (lambda: ["compare", "none.png"], "none.png: No such file"),
    "compare: alpha": (lambda: ["compare", with_alpha()], "alpha.png: a picture must be grey or"),
    "compare: K = 0": (lambda: ["compare", plain(), "-k", 0], "n_clusters must be an integer of"),
    "compare: K": (lambda: ["compare", plain(), "-k", 5], "n_clusters must be at most"),
    "compare: size": (lambda: ["compare", plain(), "--resize", 0], "--resize must be at least 1"),
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


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["compress", "in.png"],
        ["compress", "in.png", "out.cvq", "-k", "many"],
        ["compress", "in.png", "out.cvq", "-b", "4x"],
        ["compress", "in.png", "out.cvq", "-b", "4x4x4"],
        ["decompress", "in.cvq", "out.jpg"],
        ["compare", "in.png", "--plot", "out.pdf"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: centnn")


@pytest.mark.parametrize("command", ["compare", "compress", "decompress", "info"])
def test_help_shows_an_example_that_parses(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(command, "--help")
    assert stopped.value.code == 0
    words = capsys.readouterr().out.split("example: ")[1].split()
    assert words[:2] == ["centnn", command]
    cli._parser().parse_args(words[1:])


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--version")
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"centnn {centnn.__version__}\n"


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    picture("in.png", (8, 8))
    monkeypatch.setattr(cli, "compress", interrupt)
    assert run("compress", "in.png", "out.cvq") == 130
    assert capsys.readouterr() == ("", "")
    assert files() == ["in.png"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(failing, monkeypatch, capsys):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    picture("in.png", (8, 8))
    write_atomically("out.cvq", b"old")
    monkeypatch.setattr(os, failing, fail)
    assert run("compress", "in.png", "out.cvq", "-k", 1) == 1
    assert capsys.readouterr().err == "centnn: out.cvq: No space left on device\n"
    assert Path("out.cvq").read_bytes() == b"old"
    assert files() == ["in.png", "out.cvq"]


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


def test_starting_loads_nothing_heavy():
    script = (
        "import sys, centnn.cli; "
        "print({'cv2', 'sklearn', 'skimage', 'matplotlib', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
