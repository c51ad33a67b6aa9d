"""What tests of the command line share: calling it, and what it reads and writes.

`pytestmark = pytest.mark.usefixtures("own_folder")` goes with it: each test in an empty folder.
"""

import json
import os

import numpy as np
from PIL import Image

from centnn import cli


def run(*args):
    """Call the command line with arguments of any type; return the exit code."""
    return cli.main([str(arg) for arg in args])


def picture(name, shape, seed=0):
    """Write a picture of noise; return its pixels, red first."""
    img = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    Image.fromarray(img).save(name)
    return img


def files():
    """Return the names of what is in the folder."""
    return sorted(os.listdir())


def told(capsys):
    """Return the lines of JSON that a command printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def told_last(capsys):
    """Return the last line of JSON that a command printed."""
    return json.loads(capsys.readouterr().out.splitlines()[-1])
