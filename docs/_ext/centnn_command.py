"""The directive `centnn`: run lines of the shell when the site is built, and show what they print.

All of a page's lines run in one new folder, which has the example pictures of scikit-image that
the page names, as `coffee.png`. A line that fails is an error, and so is a document without it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDERS = "centnn_command_folders"


class CentnnCommand(SphinxDirective):
    """Lines of the shell, and what they print."""

    has_content = True
    option_spec: ClassVar = {"hide-output": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Run the lines; return them and their output as one block."""
        lines = []
        for line in self.content:
            lines.append(f"$ {line}")
            output = self.output_of(line)
            if "hide-output" not in self.options:
                lines += output.rstrip().splitlines()
        text = "\n".join(lines)
        block = nodes.literal_block(text, text, language="console")
        self.set_source_info(block)
        return [block]

    def output_of(self, line: str) -> str:
        """Return what a line prints."""
        folder = self.folder()
        for name in re.findall(r"[\w-]+\.png", line):
            bring_picture(name, folder)
        # Where there is no terminal, there is no progress bar and a width of 80 columns.
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise self.error(f"exit code {done.returncode} of {line!r}:\n{done.stdout}")
        return done.stdout

    def folder(self) -> Path:
        """Return this page's folder, which is removed when the program ends."""
        folders = self.env.temp_data.setdefault(FOLDERS, {})
        if self.env.docname not in folders:
            folders[self.env.docname] = tempfile.TemporaryDirectory()
        return Path(folders[self.env.docname].name)


def bring_picture(name: str, folder: Path) -> None:
    """Copy an example picture of scikit-image to a folder, if there is one of that name."""
    import skimage.data

    source = Path(skimage.data.__file__).with_name(name)
    if source.is_file() and not (folder / name).exists():
        shutil.copy(source, folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("centnn", CentnnCommand)
    return {"parallel_read_safe": True}
