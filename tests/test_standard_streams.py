"""Standard streams that are full, closed, or pipes that nobody reads: one line, exit code 1."""

import os
import subprocess
import sys

import pytest
from command_line import files, picture

MAIN = [sys.executable, "-c", "import sys; from centnn.cli import main; sys.exit(main())"]
# To pipes, Python holds back what is written; not so if told not to.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
UNBUFFERED = BUFFERED | {"PYTHONUNBUFFERED": "1"}
COMMANDS = {
    "a small file": ["compress", "in.png", "-", "-k", "1", "-q"],
    "a large file": ["compress", "in.png", "-", "-k", "4000", "-b", "1", "--effort", "fast", "-q"],
    "a line": ["compress", "in.png", "out.cvq", "-k", "1"],
    "a page": ["info", "in.cvq"],
    "a table": ["compare", "in.png", "-k", "2", "--plot", "drawn.png"],
}
# Help goes to standard error where standard output is closed.
WITH_HELP = COMMANDS | {"help": ["--help"]}
# Where argparse finds out that it cannot print, it does not say so.
THAT_FAIL = [
    *(pytest.param(BUFFERED, what, id=what) for what in WITH_HELP),
    *(pytest.param(UNBUFFERED, what, id=f"{what}, unbuffered") for what in COMMANDS),
]

pytestmark = [
    pytest.mark.usefixtures("own_folder"),
    pytest.mark.skipif(sys.platform == "win32", reason="starts programs through a shell"),
]


@pytest.fixture(autouse=True)
def inputs(own_folder):
    picture("in.png", (64, 64, 3))
    run("compress in.png in.cvq -k 1 -q")


def run(line, environment=BUFFERED):
    """Run a command through a shell, for its redirections."""
    script = " ".join(f"'{part}'" for part in MAIN) + f" {line}"
    return subprocess.run(script, shell=True, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize(("environment", "what"), THAT_FAIL)
def test_a_full_disk(environment, what):
    done = run(" ".join(WITH_HELP[what]) + " > /dev/full", environment)
    assert done.returncode == 1
    assert done.stderr == "centnn: standard output: No space left on device\n"


@pytest.mark.parametrize(("environment", "what"), THAT_FAIL)
def test_a_pipe_that_nobody_reads(environment, what):
    reading, writing = os.pipe()
    os.close(reading)
    command = [*MAIN, *WITH_HELP[what]]
    done = subprocess.run(
        command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == "centnn: standard output: Broken pipe\n"


@pytest.mark.parametrize("what", COMMANDS)
def test_standard_output_that_is_closed(what):
    done = run(" ".join(COMMANDS[what]) + " >&-")
    is_data = "-" in COMMANDS[what]
    assert done.returncode == is_data
    assert done.stderr == "centnn: standard output: Bad file descriptor\n" * is_data


def test_standard_input_that_is_closed():
    done = run("decompress - out.png <&-")
    assert done.returncode == 1
    assert done.stderr == "centnn: standard input: Bad file descriptor\n"


def test_compare_reads_standard_input_once():
    done = run("compare - --plot out.png < in.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert "- at 128x128: grey levels, K = 48\n" in done.stdout


@pytest.mark.parametrize("quiet", ["", "-q"])
def test_messages_do_not_get_among_data_if_standard_error_is_closed(quiet):
    expected = run("compress in.png - -k 1 -q | base64").stdout
    assert run(f"compress in.png - -k 1 {quiet} 2>&- | base64").stdout == expected
    assert run("compress none.png - 2>&-").stdout == ""


def test_a_name_cannot_break_the_line():
    done = run("info 'no\nsuch\033[2Jfile'")
    assert done.stderr == "centnn: no\\nsuch\\x1b[2Jfile: No such file or directory\n"
    assert files() == ["in.cvq", "in.png"]


def test_a_name_that_is_told_cannot_break_the_line():
    odd, shown = "one\ntwo\033[2J\udcff", "one\\ntwo\\x1b[2J\\udcff"
    os.rename("in.png", odd)
    done = run(f"compress '{odd}' '{odd}.cvq'")
    assert done.stdout.startswith(f"file {shown}.cvq, bytes ")
    assert run(f"info '{odd}.cvq'").stdout.startswith(f"file       {shown}.cvq\n")
