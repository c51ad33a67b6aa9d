"""Commands that are wrong, whatever is in the files: exit code 2, and nothing is written."""

import pytest
from command_line import files, run

pytestmark = pytest.mark.usefixtures("own_folder")

COMPRESS = ["compress", "in.png", "out.cvq"]
DECOMPRESS = ["decompress", "in.cvq", "out.png"]
TRAIN = ["train", "in.png", "-o", "out.cvb"]
PALETTE = ["palette", "in.png", "out.png"]

K_OF_FILES = "be a whole number from 1 to 65536"
BLOCK_OF_FILES = "be a side from 1 to 64, or HEIGHTxWIDTH, such as 4x8"
VALUES = [
    ([*COMPRESS, "-k"], K_OF_FILES, ["many", "0", "-1", "1.5", "65537"]),
    ([*TRAIN, "-k"], K_OF_FILES, ["0", "65537"]),
    ([*PALETTE, "-k"], "be a whole number from 1 to 256", ["0", "257", "9" * 5000]),
    (["compare", "-k"], "be a whole number of at least 1", ["0", "nan"]),
    ([*COMPRESS, "-b"], BLOCK_OF_FILES, ["0", "4x", "4x4x4", "65"]),
    ([*TRAIN, "-b"], BLOCK_OF_FILES, ["4x0", "-4"]),
    (["rd", "in.png", "-b"], BLOCK_OF_FILES, ["4x65"]),
    (["compare", "-b"], "be a side of at least 1, or HEIGHTxWIDTH", ["0"]),
    ([*COMPRESS, "--quality"], "be a number from 0 to 100", ["high", "101", "-1", "nan", "inf"]),
    ([*COMPRESS, "--psnr"], "be a number from 0 to 1000", ["nan", "inf", "-1", "1e400"]),
    ([*COMPRESS, "--bpp"], "be a number from 1e-09 to 1e+09", ["0", "nan", "2e9"]),
    ([*TRAIN, "--rate-weight"], "be a number of at least 0, or auto", ["some", "-1", "inf", "nan"]),
    ([*DECOMPRESS, "--upto"], "be a whole number from 1 to 23", ["all", "0", "24"]),
    ([*DECOMPRESS, "--max-pixels"], "be a whole number of at least 1", ["0", "x"]),
    (["compare", "--resize"], "be a whole number from 1 to 23170", ["0", "9" * 20]),
    ([*PALETTE, "--keep"], "be RRGGBB or RRGGBBAA in hex", ["red", "ffff"]),
    (["compare", "--plot"], "end in .png", ["out.pdf"]),
]


@pytest.mark.parametrize(
    ("command", "what", "value"),
    [(command, what, value) for command, what, values in VALUES for value in values],
)
def test_values_of_options(command, what, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*command, value)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("usage: centnn")
    assert f" must {what}" in err
    assert err.endswith(f", got {value!r}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["train", "in.png"],
        [*COMPRESS, "--psnr", "30", "--bpp", "1"],
        [*COMPRESS, "--psnr", "30", "--quality", "1"],
    ],
)
def test_what_argparse_refuses(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: centnn")


CONTRADICTIONS = [
    (["--quality", 50, "-k", 5], "give either --quality, of photo mode, or -k, of VQ mode"),
    (
        ["--no-filter", "--colour", "rgb"],
        "give either --no-filter, of photo mode, or --colour rgb, of VQ mode",
    ),
    (["--psnr", 30, "-k", 5], "give either --psnr, which finds a codebook, or -k"),
    (
        ["--bpp", 1, "--codebook", "none"],
        "give either --bpp, which finds a codebook, or --codebook",
    ),
    (["--codebook", "none", "-k", 8], "give either --codebook, which is trained, or -k"),
    (["--codebook", "none", "-b", 16], "give either --codebook, which is trained, or -b"),
    (
        ["--codebook", "none", "--colour", "ycbcr420"],
        "give either --codebook, which is trained, or --colour",
    ),
    (
        ["--codebook", "none", "--effort", "best"],
        "give either --codebook, which is trained, or --effort",
    ),
]
NAMES = [
    (["one.png"], "give one input and one output, or -o; got 1 names"),
    (["one.png", "two.jpg", "three"], "give one input and one output, or -o; got 3 names"),
    (["one.png", "one.png", "-o", "."], "two of the inputs would be written to the same file"),
    (["-", "one.png", "-o", "."], "standard input has no name"),
    (["one.png", "two.png"], "two.png: it must end in .cvq, which is what is written"),
]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["in.png", "out.cvq", *options], message) for options, message in CONTRADICTIONS] + NAMES,
)
def test_what_cannot_be_asked_for(arguments, message, capsys):
    assert run("compress", *arguments, "-f") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"centnn: {message}")
    assert err.count("\n") == 1
    assert files() == []
