"""Files that the command line must not replace, and those that it may."""

import os
import stat
from pathlib import Path

import pytest
from command_line import files, picture, run

from centnn import image

pytestmark = pytest.mark.usefixtures("own_folder")


def old(name):
    Path(name).write_bytes(b"old")
    return name


def plain(name="plain.png"):
    picture("plain.png", (8, 8))
    os.rename("plain.png", name)
    return name


def cvq():
    Path("some.cvq").write_bytes(image.compress(picture("some.png", (8, 8)), 1))
    return "some.cvq"


def link(name):
    os.symlink(name, "link")
    return "link"


def contents():
    return {name: Path(name).read_bytes() for name in files()}


OTHER_KINDS = {
    "compress: two pictures": lambda: ["compress", plain(), old("other.PNG")],
    "compress: -o": lambda: ["compress", plain(), "-o", old("book.cvb")],
    "decompress: two files": lambda: ["decompress", cvq(), old("other.cvq")],
    "decompress: no PNG": lambda: ["decompress", cvq(), "out.jpg"],
    "palette: two pictures": lambda: ["palette", plain(), old("other.jpeg")],
    "palette: .cvq": lambda: ["palette", plain(), "out.cvq"],
    "train: a picture": lambda: ["train", plain(), "-o", old("other.webp")],
}


@pytest.mark.parametrize("case", OTHER_KINDS)
def test_a_name_that_tells_another_kind_is_refused_even_with_force(case, capsys):
    arguments = OTHER_KINDS[case]()
    before = contents()
    assert run(*arguments, "-f") == 2
    kind = {"compress": ".cvq", "train": ".cvb"}.get(arguments[0], ".png")
    assert capsys.readouterr().err == (
        f"centnn: {arguments[-1]}: it must end in {kind}, which is what is written\n"
    )
    assert contents() == before


INPUTS = {
    "compress": lambda: ["compress", plain("picture"), "picture"],
    "compress: another way to it": lambda: ["compress", plain("picture"), "../" + in_here()],
    "compress: a link": lambda: ["compress", plain("picture"), link("picture")],
    "palette": lambda: ["palette", plain(), "plain.png"],
    "palette: to a folder": lambda: ["palette", plain(), "-o", "."],
    "train": lambda: ["train", plain("picture"), "-o", "picture"],
    "rd": lambda: ["rd", plain(), "--plot", "plain.png"],
    "compare": lambda: ["compare", plain(), "--plot", "plain.png"],
    "compare: by default": lambda: ["compare", plain("centnn-compare.png")],
    "the codebook": lambda: ["compress", plain(), "book", "--codebook", old("book")],
}


def in_here():
    return os.path.join(os.path.basename(os.getcwd()), "picture")


@pytest.mark.parametrize("case", INPUTS)
def test_what_is_read_is_not_replaced_even_with_force(case, capsys):
    arguments = INPUTS[case]()
    before = contents()
    assert run(*arguments, "-f") == 1
    assert "it must be another file than what is read\n" in capsys.readouterr().err
    assert contents() == before


@pytest.mark.parametrize("name", ["out", "out.cvq", "OUT.CVQ", "tmp.Xa8d", os.devnull])
def test_other_names_are_free(name):
    assert run("compress", plain(), name, "-q") == 0


def test_an_existing_file_is_replaced_if_forced(capsys):
    old("out.cvq")
    assert run("compress", plain(), "out.cvq") == 1
    assert capsys.readouterr().err == "centnn: out.cvq: it is there already; --force replaces it\n"
    assert contents()["out.cvq"] == b"old"
    assert run("compress", "plain.png", "out.cvq", "--force") == 0
    assert contents()["out.cvq"].startswith(b"\x89CVQ")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_a_file_keeps_its_permissions_when_replaced(mode):
    os.chmod(old("out.cvq"), mode)
    assert run("compress", plain(), "out.cvq", "-f") == 0
    assert stat.S_IMODE(os.stat("out.cvq").st_mode) == mode


def test_a_new_file_has_the_permissions_of_any_new_file():
    assert run("compress", plain(), "out.cvq") == 0
    assert os.stat("out.cvq").st_mode == os.stat("plain.png").st_mode
