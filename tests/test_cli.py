import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import files, picture, run, told, told_last
from PIL import Image

import centnn
from centnn import image
from centnn.cli import pictures
from centnn.cli.arguments import parser
from centnn.image import container, photo

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize("shape", [(21, 34), (21, 34, 3)], ids=["grey", "colour"])
def test_compress_decompress_info(shape, capsys):
    img = picture("in.png", shape)
    assert run("compress", "in.png", "out.cvq", "-k", 7, "-b", "2x5") == 0
    data = Path("out.cvq").read_bytes()
    assert data == image.compress(img, 7, (2, 5))
    restored = image.decompress(data)
    assert capsys.readouterr().out == (
        f"file out.cvq, bytes {len(data)}, bpp {8 * len(data) / (21 * 34):.3f}".rstrip("0")
        + f", psnr {centnn.psnr(img, restored):.3f}".rstrip("0")
        + "\n"
    )
    assert run("decompress", "out.cvq", "out.png") == 0
    assert np.array_equal(np.asarray(Image.open("out.png")), restored)
    assert capsys.readouterr() == ("file out.png, width 34, height 21\n", "")

    assert run("info", "out.cvq") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "file       out.cvq",
        "version    2",
        "mode       vq",
        "width      34",
        "height     21",
        f"colour     {'ycbcr' if len(shape) == 3 else 'grey'}",
        "alpha      no",
        "depth      8",
        "block      2x5",
        f"codewords  {'7 + 7' if len(shape) == 3 else 7}",
        f"bytes      {len(data)}",
        f"bpp        {8 * len(data) / (21 * 34):.3f} bits a pixel",
    ]
    assert run("info", "--json", "out.cvq", "out.cvq") == 0
    assert [facts["codewords"][0] for facts in told(capsys)] == [7, 7]
    assert files() == ["in.png", "out.cvq", "out.png"]


@pytest.mark.parametrize("shape", [(9, 8), (9, 8, 2), (9, 8, 3), (9, 8, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_png(shape, dtype):
    img = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    Path("in.png").write_bytes(pictures.encode_png(img))
    assert np.array_equal(pictures.read_picture(Path("in.png")), img)
    assert run("compress", "in.png", "out.cvq", "-k", 2, "-q") == 0
    assert run("decompress", "out.cvq", "out.png", "-q") == 0
    restored = pictures.read_picture(Path("out.png"))
    assert (restored.shape, restored.dtype) == (img.shape, img.dtype)


@pytest.mark.parametrize("suffix", ["jpg", "tiff", "webp", "bmp"])
def test_other_formats(suffix):
    picture(f"in.{suffix}", (16, 16, 3))
    assert run("compress", f"in.{suffix}", "out.cvq", "-k", 4, "-q") == 0


def test_defaults_of_compress():
    img = picture("in.png", (128, 128))
    assert run("compress", "in.png", "photo.cvq") == 0
    assert Path("photo.cvq").read_bytes() == image.compress_photo(img, 60)
    assert run("compress", "in.png", "of-k.cvq", "-k", 9) == 0
    assert Path("of-k.cvq").read_bytes() == image.compress(img, 9, 4)
    assert run("compress", "in.png", "of-b.cvq", "-b", 4) == 0
    assert Path("of-b.cvq").read_bytes() == image.compress(img, 512, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 3)])
def test_small_and_flat_pictures_need_no_option(shape, dtype):
    noise = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape).astype(dtype)
    for name, img in (("noise", noise), ("flat", np.zeros_like(noise))):
        Path(f"{name}.png").write_bytes(pictures.encode_png(img))
        assert run("compress", f"{name}.png", f"{name}.cvq", "-b", 4) == 0
        assert Path(f"{name}.cvq").read_bytes() == image.compress(img)
        assert run("train", f"{name}.png", "-o", f"{name}.cvb") == 0
    assert run("compress", "flat.png", "usual.cvq") == 0
    assert run("compress", "noise.png", "usual.cvq", "-f") == 0


def test_compare_small_and_flat_pictures(capsys):
    picture("small.png", (16, 16, 3))
    Image.fromarray(np.zeros((16, 16), np.uint8)).save("flat.png")
    for name, given, k in (("small", ["-b", 4], 16), ("flat", [], 1)):
        assert run("compare", f"{name}.png", *given) == 0
        assert f"K = {k}\n" in capsys.readouterr().out


def test_quiet_and_json(capsys):
    picture("in.png", (8, 8))
    assert run("compress", "in.png", "out.cvq", "-k", 2, "-q") == 0
    assert capsys.readouterr() == ("", "")
    assert run("compress", "in.png", "out.cvq", "-k", 2, "--json", "--force") == 0
    (facts,) = told(capsys)
    assert (facts["file"], facts["bytes"]) == ("out.cvq", os.path.getsize("out.cvq"))


def test_a_bar_moves_on_a_terminal_only(monkeypatch, capsys):
    picture("in.png", (64, 64))
    assert run("compress", "in.png", "out.cvq", "-k", 9) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run("compress", "in.png", "out.cvq", "-k", 9, "-f") == 0
    assert "in.png" in capsys.readouterr().err
    assert run("compress", "in.png", "out.cvq", "-k", 9, "-f", "-q") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("goal", [("--psnr", 20), ("--bpp", 2)])
@pytest.mark.parametrize(
    ("block", "tried"), [((), r"grey, quality \d+(\.\d+)?"), (("-b", 2), r"2x2, K = \d+")]
)
def test_a_bar_shows_attempts_at_a_target(goal, block, tried, monkeypatch, capsys):
    picture("in.png", (32, 32))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run("compress", "in.png", "out.cvq", *goal, *block) == 0
    assert re.search(tried + r": \d+\.\d\d dB, \d\.\d{3} bpp", capsys.readouterr().err)
    assert run("compress", "in.png", "out.cvq", *goal, "-f", "-q") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("shape", [(1, 1), (1, 65535), (65535, 1, 3), (7, 1, 4)])
def test_extreme_sizes(shape, capsys):
    img = picture("in.png", shape)
    k = min(3, -(-shape[0] // 4) * -(-shape[1] // 4))
    assert run("compress", "in.png", "out.cvq", "-k", k) == 0
    assert run("info", "out.cvq", "--json") == 0
    facts = told_last(capsys)
    assert (facts["height"], facts["width"]) == shape[:2]
    assert run("decompress", "out.cvq", "out.png") == 0
    assert pictures.read_picture(Path("out.png")).shape == img.shape
    assert run("palette", "in.png", "palette.png", "-k", 3) == 0
    assert pictures.read_picture(Path("palette.png")).shape[:2] == shape[:2]
    assert run("compress", "in.png", "goal.cvq", "--bpp", 1, "-b", 4) == 0
    assert run("train", "in.png", "-o", "book", "-k", k) == 0
    assert run("compress", "in.png", "shared.cvq", "--codebook", "book") == 0


def test_rd_of_one_pixel_is_valid_json(capsys):
    picture("in.png", (1, 1))
    assert run("rd", "in.png", "--plot", "out.png", "--json") == 0
    out = capsys.readouterr().out
    assert "Infinity" not in out
    told = [json.loads(line) for line in out.splitlines()]
    assert all(facts["lossless"] for facts in told if facts["codec"] == ".cvq")


def test_several_inputs(capsys):
    for name in ("one.png", "two.jpg"):
        picture(name, (8, 8))
    os.mkdir("out")
    assert run("compress", "one.png", "two.jpg", "-o", "out", "-k", 2) == 0
    assert sorted(os.listdir("out")) == ["one.cvq", "two.cvq"]
    assert run("decompress", "out/one.cvq", "out/two.cvq", "-o", "out", "--json") == 0
    assert sorted(os.listdir("out")) == ["one.cvq", "one.png", "two.cvq", "two.png"]
    assert run("compress", "one.png", "-o", "single.cvq", "-k", 2) == 0
    assert files() == ["one.png", "out", "single.cvq", "two.jpg"]
    capsys.readouterr()
    assert run("compress", "one.png", "two.jpg", "-o", "none") == 1
    assert capsys.readouterr().err.startswith("centnn: none: it must be a folder")


def test_standard_input_and_output():
    img = picture("in.png", (8, 8))
    run_it = [sys.executable, "-c", "import sys; from centnn.cli import main; sys.exit(main())"]
    compressed = subprocess.run(
        [*run_it, "compress", "-", "-", "-k", "2"],
        input=Path("in.png").read_bytes(),
        capture_output=True,
        check=True,
    )
    assert compressed.stdout == image.compress(img, 2)
    assert compressed.stderr.startswith(b"file -, bytes ")
    restored = subprocess.run(
        [*run_it, "decompress", "-", "-", "-q"],
        input=compressed.stdout,
        capture_output=True,
        check=True,
    )
    assert restored.stdout.startswith(b"\x89PNG")
    assert restored.stderr == b""


def test_targets(capsys):
    noise = np.random.default_rng(0).random((64, 96))
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    img = (255 * (blurred - blurred.min()) / np.ptp(blurred)).astype(np.uint8)
    Image.fromarray(img).save("in.png")
    assert run("compress", "in.png", "a.cvq", "--psnr", 30, "-b", 4, "--json") == 0
    assert run("compress", "in.png", "b.cvq", "--bpp", 1, "-b", 4, "--json") == 0
    by_psnr, by_bpp = told(capsys)
    assert 30 <= by_psnr["psnr"] < 32
    assert 0.7 < by_bpp["bpp"] <= 1
    assert by_bpp["block"] == "4x4"
    assert "missed" not in by_psnr and "missed" not in by_bpp
    assert run("compress", "in.png", "c.cvq", "--bpp", 0.001, "-b", 8, "--json") == 0
    assert told(capsys)[0]["missed"].startswith("0.001 bits a pixel: this is as near as it gets")
    assert run("compress", "in.png", "d.cvq", "--psnr", 99, "-b", 8, "--json") == 0
    assert told(capsys)[0]["missed"].startswith("99.0 dB: ")


def test_a_shared_codebook(capsys):
    for name in ("one.png", "two.png"):
        picture(name, (32, 32), seed=len(name))
    assert run("train", "one.png", "two.png", "-o", "book", "-k", 8) == 0
    assert run("compress", "one.png", "one.cvq", "--codebook", "book") == 0
    capsys.readouterr()
    assert run("decompress", "one.cvq", "back.png") == 1
    name = hashlib.sha256(Path("book").read_bytes()).hexdigest()[:32]
    assert capsys.readouterr().err == (
        f"centnn: one.cvq: data needs the shared codebook {name}, none was given\n"
    )
    assert run("decompress", "one.cvq", "back.png", "--codebook", "book", "-q") == 0
    assert run("info", "--json", "one.cvq") == 0
    assert told(capsys)[-1]["codebook"] == name
    assert run("info", "book") == 0
    assert capsys.readouterr().out.splitlines() == [
        "file       book",
        "version    2",
        "mode       codebook",
        f"id         {name}",
        "colour     grey",
        "depth      8",
        "block      4x4",
        "codewords  8",
        f"bytes      {os.path.getsize('book')}",
    ]


def test_info_of_a_codebook_in_colour(capsys):
    picture("in.png", (32, 32, 3))
    assert run("train", "in.png", "-o", "book", "-k", 64, "--colour", "ycbcr420", "-b", "2x4") == 0
    assert run("info", "--json", "book") == 0
    facts = told_last(capsys)
    assert (facts["colour"], facts["block"]) == ("ycbcr420", "2x4")
    assert facts["codewords"] == [64, 16]


def test_palette(capsys):
    img = picture("in.png", (20, 30, 3))
    assert run("palette", "in.png", "out.png", "-k", 16, "--keep", "ff8000", "--json") == 0
    assert told(capsys)[0]["colours"] == 16
    written = Image.open("out.png")
    assert written.mode == "P"
    colours = np.asarray(written.convert("RGB"))
    assert colours.shape == img.shape
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) <= 16
    assert written.getpalette()[:3] == [255, 128, 0]


def test_palette_with_alpha():
    img = picture("in.png", (20, 30, 4))
    img[:10, :, 3] = 0
    Image.fromarray(img).save("in.png")
    assert run("palette", "in.png", "out.png", "-k", 32, "--dither") == 0
    written = np.asarray(Image.open("out.png").convert("RGBA"))
    assert (written[:10, :, 3] == 0).all()
    assert np.abs(written[10:, :, 3].astype(int) - img[10:, :, 3]).mean() < 64


def test_palette_of_few_colours_loses_nothing(capsys):
    img = picture("in.png", (5, 5, 3))
    assert run("palette", "in.png", "out.png") == 0
    assert "lossless" in capsys.readouterr().out
    assert np.array_equal(np.asarray(Image.open("out.png").convert("RGB")), img)


def test_rd(capsys):
    picture("in.png", (64, 64, 3))
    assert run("rd", "in.png", "--plot", "out.png", "--json") == 0
    codecs = {facts["codec"] for facts in told(capsys)}
    assert codecs == {".cvq, photo", ".cvq", ".cvq, rate weight", "JPEG", "WebP", "PNG, palette"}
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


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
    assert figures[0] == 48.06
    assert figures[1] > 40


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


@pytest.mark.parametrize(
    "command", ["compare", "compress", "decompress", "info", "palette", "rd", "train"]
)
def test_help_shows_examples_that_parse(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(command, "--help")
    assert stopped.value.code == 0
    examples = capsys.readouterr().out.split("examples:\n")[1].splitlines()
    assert examples
    for example in examples:
        words = example.split(" < ")[0].split()
        assert words[:2] == ["centnn", command]
        parser().parse_args(words[1:])


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--version")
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"centnn {centnn.__version__}\n"


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    picture("in.png", (8, 8))
    monkeypatch.setattr(container, "compress", interrupt)
    monkeypatch.setattr(photo, "compress_photo", interrupt)
    for mode in ((), ("-k", 2)):
        assert run("compress", "in.png", "out.cvq", *mode) == 130
        assert capsys.readouterr() == ("", "")
        assert files() == ["in.png"]


def test_starting_loads_nothing_heavy():
    script = (
        "import sys, centnn.cli; "
        "heavy = {'cv2', 'PIL', 'sklearn', 'skimage', 'matplotlib', 'scipy', 'tqdm'}; "
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
