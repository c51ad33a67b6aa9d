"""What the C core is as a library: its README's program, its headers in C++, its symbols."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / "csrc"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


@needs("cc")
def test_the_readmes_program(tmp_path):
    program = re.search(r"```c\n(.*?)```", (CSRC / "README.md").read_text(), re.DOTALL).group(1)
    (tmp_path / "nearest.c").write_text(program)
    check = ["cc", "-std=c11", *WARNINGS, f"-I{CSRC}", "-fsyntax-only", "nearest.c"]
    subprocess.run(check, cwd=tmp_path, check=True)
    flags = ["-std=c11", "-w", f"-I{CSRC}"]
    command = ["cc", *flags, "nearest.c", *map(str, sorted(CSRC.glob("*.c"))), "-lm"]
    subprocess.run([*command, "-o", "nearest"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "nearest"], capture_output=True, text=True, check=True)
    # Two points with mean (0, 0.5), and three with mean (9, 10).
    assert done.stdout.splitlines() == [
        "(0, 0): (0, 0.5)",
        "(0, 1): (0, 0.5)",
        "(9, 9): (9, 10)",
        "(9, 10): (9, 10)",
        "(9, 11): (9, 10)",
    ]


@needs("c++")
@pytest.mark.parametrize("standard", ["c++98", "c++20"])
def test_headers_are_for_cpp_as_well(standard, tmp_path):
    source = tmp_path / "headers.cpp"
    source.write_text(
        '#include "centnn.h"\n#include "photo/photo.h"\n'
        "int main() { centnn_rows rows = centnn_rows(); return (int)rows.n; }\n"
    )
    # C++98 had no long long, which <stdint.h> needs.
    flags = [f"-std={standard}", *WARNINGS, "-Wno-long-long", f"-I{CSRC}", "-fsyntax-only"]
    subprocess.run(["c++", *flags, source], check=True)


@needs("cc")
@needs("nm")
def test_symbols_have_the_prefix_and_nothing_can_be_written_but_the_choice_of_a_kernel(tmp_path):
    sources = [*CSRC.glob("*.c"), *(CSRC / "photo").glob("*.c")]
    for source in sources:
        target = tmp_path / f"{source.parent.name}-{source.stem}.o"
        # Where code can be moved, addresses among constants would count as what can be written.
        flags = ["-std=c11", "-w", "-fno-pic", "-fno-pie", f"-I{CSRC}"]
        subprocess.run(["cc", *flags, "-c", source, "-o", target], check=True)
    objects = sorted(tmp_path.glob("*.o"))
    assert len(objects) == len(sources)
    listed = subprocess.run(["nm", "-A", *objects], capture_output=True, text=True, check=True)
    symbols = [line.split()[-2:] for line in listed.stdout.splitlines()]
    public = {name for kind, name in symbols if kind in "TDBRC"}
    assert "centnn_search" in public
    assert {name for name in public if not name.startswith("centnn_")} == set()
    assert {name for kind, name in symbols if kind in "dbDB"} == {"current"}
